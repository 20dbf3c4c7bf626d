import type { Command } from 'commander'
import { example } from './example.ts'

/** How the vault opens and closes, below `runa secret`. */
export function addVault(secret: Command): void {
  const load = () => import('./commands/vault.ts')
  example(secret.command('unseal'), 'secret', 'unseal')
    .description('open the vault of a Runa that runs; services that wait for it are started')
    .option('--passphrase-stdin', 'read the passphrase from the first line of the input', false)
    .action(async (options) => (await load()).unseal(options))
  example(secret.command('seal'), 'secret', 'seal')
    .description('have a Runa that runs forget what is in the vault; services go on with what they have')
    .action(async (options) => (await load()).seal(options))
  example(secret.command('passphrase'), 'secret', 'passphrase')
    .description('have the vault open with a passphrase; only while Runa is down')
    .option(
      '--passphrase-stdin',
      'read the present passphrase, if there is one, and the new one, a line each',
      false,
    )
    .action(async (options) => (await load()).setPassphrase(options))
  example(secret.command('key-file'), 'secret', 'key-file')
    .description('have the vault open by itself, with a key file; only while Runa is down')
    .option('--passphrase-stdin', 'read the present passphrase from the input', false)
    .action(async (options) => (await load()).setKeyFile(options))
}
