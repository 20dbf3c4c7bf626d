import type { Command } from 'commander'
import { example, showExample } from './example.ts'
import { addVault } from './vault-program.ts'

export function addSecrets(program: Command): void {
  const secret = showExample(program.command('secret'), ['secret', 'list']).description(
    'secrets in the vault, and which service may have them',
  )
  addKeeping(secret)
  addGranting(secret)
  addCarrying(secret)
  addVault(secret)
}

function addKeeping(secret: Command): void {
  const keep = () => import('./commands/secrets/keep.ts')
  const look = () => import('./commands/secrets/look.ts')
  const random: [string, string] = [
    '--random <bytes>',
    'made from so many bytes of chance, as letters and digits',
  ]
  example(secret.command('list [name]', { isDefault: true }), 'secret', 'list')
    .description('list the secrets there are, without their values; or the versions of one')
    .action(async (name, options) => (await look()).listSecrets(name, options))
  example(secret.command('set <name>'), 'secret', 'set', 'mail.password')
    .description('store a secret; its value is the input, byte for byte, or is asked for')
    .option(...random)
    .option('--once', 'it is given out one time, and is gone with that', false)
    .option('--lease <time>', 'how long a service may hold it before it asks again: 1s to 24h; default: 15m')
    .action(async (name, options) => (await keep()).setSecret(name, options))
  example(secret.command('rotate <name>'), 'secret', 'rotate', 'mail.password', '--random', '32')
    .description('store a new version of a secret; services that hold the old one are told to ask again')
    .option(...random)
    .action(async (name, options) => (await keep()).rotateSecret(name, options))
  example(secret.command('get <name>'), 'secret', 'get', 'mail.password')
    .description('write the bytes of a secret to the output')
    .option('--version <number>', 'one that was stored before; 8 are kept')
    .action(async (name, options) => (await keep()).getSecret(name, options))
}

function addGranting(secret: Command): void {
  const take = () => import('./commands/secrets/take.ts')
  const look = () => import('./commands/secrets/look.ts')
  example(secret.command('grant <name> <service>'), 'secret', 'grant', 'mail.password', 'tieto')
    .description('let a service have a secret')
    .action(async (name, to, options) => (await take()).grantSecret(name, to, options))
  example(secret.command('revoke [name] [service]'), 'secret', 'revoke', 'mail.password', 'tieto')
    .description('let a service have a secret no more; or take back a version, or a lease')
    .option('--version <number>', 'a version of the secret, for good')
    .option('--lease <id>', 'what a service holds now')
    .action(async (name, service, options) => (await take()).revokeSecret(name, service, options))
  example(secret.command('leases'), 'secret', 'leases')
    .description('show which service holds which secret, and for how long')
    .action(async (options) => (await look()).listLeases(options))
  example(secret.command('remove <name>'), 'secret', 'remove', 'mail.password')
    .description('remove a secret, in all its versions, for good')
    .action(async (name, options) => (await take()).removeSecret(name, options))
  example(secret.command('audit'), 'secret', 'audit', '-n', '50')
    .description('show who asked for which secret, and when')
    .option('-n, --lines <count>', 'of the list, the newest last', '20')
    .action(async (options) => (await look()).auditSecrets(options))
}

function addCarrying(secret: Command): void {
  const carry = () => import('./commands/secrets/carry.ts')
  const stdin: [string, string, boolean] = [
    '--passphrase-stdin',
    'read the passphrase of the file from the first line of the input',
    false,
  ]
  example(secret.command('export <file>'), 'secret', 'export', 'secrets.runa')
    .description('write your secrets into a file that is sealed under a passphrase of its own')
    .option(...stdin)
    .action(async (file, options) => (await carry()).exportSecrets(file, options))
  example(secret.command('import <file>'), 'secret', 'import', 'secrets.runa', '--dry-run')
    .description('take secrets from such a file')
    .option(...stdin)
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .option('--replace', 'those that are there get what is in the file as a new version', false)
    .option('--keep', 'those that are there stay as they are', false)
    .action(async (file, options) => (await carry()).importSecrets(file, options))
}
