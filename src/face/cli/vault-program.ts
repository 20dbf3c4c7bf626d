import { type Command, Option } from 'commander'
import { example } from './example.ts'

/** As systemd-creds has them. The program is to stay small, and loads no more of coven for that. */
const MACHINE_KEYS = ['auto', 'host', 'tpm2', 'host+tpm2']

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
  example(secret.command('machine-key'), 'secret', 'machine-key', '--with', 'tpm2')
    .description('have the vault open on this machine alone, by systemd-creds; only while Runa is down')
    .addOption(new Option('--with <key>', 'of the machine').choices(MACHINE_KEYS).default('auto'))
    .option('--passphrase-stdin', 'read the present passphrase from the input', false)
    .action(async (options) => (await load()).setMachineKey(options))
  example(secret.command('rekey'), 'secret', 'rekey')
    .description(
      'seal the vault under another key, so that old copies open nothing newer; only while Runa is down',
    )
    .option('--passphrase-stdin', 'read the passphrase from the input', false)
    .action(async (options) => (await load()).rekey(options))
}
