import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { howItOpens } from '#kernel/coven'
import { type CovenState, ERRORS, RunaError, type SecretMemoryState } from '#protocol'
import { doubtful, type Finding, well, wrong } from './finding.ts'
import { mayWrite } from './home-checks.ts'

const OTHERS = 0o077

/** What belongs together of a vault, how it opens, and that nobody else may read it. */
export async function checkVault(folder: string): Promise<Finding[]> {
  const [vault, key, list] = ['secrets.vault', 'vault.key', 'audit.journal'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  if (!existsSync(vault)) {
    if (!existsSync(list)) return [well('vault', 'There is none yet: the first start makes one.')]
    return [wrong('vault', 'file-missing', ERRORS.VAULT_MISSING.means, ERRORS.VAULT_MISSING.advice)]
  }
  const forbidden = [vault, list].filter((path) => existsSync(path) && !mayWrite(path))
  const open = [vault, key, list].filter((path) => ((modeOf(path) ?? 0) & OTHERS) !== 0)
  return [
    ...forbidden.map((path) => wrong('vault', 'permission', `${path} may not be read and written.`)),
    ...open.map((path) => doubtful('vault', `Other users may read or write ${path}.`, `chmod 600 ${path}`)),
    ...(forbidden.length + open.length > 0 ? [] : [await checkOpening(folder, key)]),
  ]
}

async function checkOpening(folder: string, key: string): Promise<Finding> {
  try {
    const opensWith = await howItOpens(folder)
    if (opensWith === 'key file' && !existsSync(key)) {
      const text = `It opens with its key file, and ${key} is gone.`
      return wrong('vault', 'file-missing', text, ERRORS.VAULT_KEY_MISSING.advice)
    }
    return well('vault', OPENS[opensWith])
  } catch (error) {
    if (!(error instanceof RunaError)) throw error
    return wrong('vault', 'data-corrupt', error.message, error.advice)
  }
}

const OPENS = {
  passphrase: 'It opens with a passphrase.',
  'key file': 'It opens with its key file.',
  'this machine': 'It opens by itself, on this machine alone.',
  nothing: 'There is none yet: the first start makes one.',
} as const

/** What a Runa that runs tells of its secrets. */
export interface SecretsTold {
  readonly coven?: CovenState | undefined
  readonly secretMemory?: SecretMemoryState | undefined
}

export function checkSecrets({ coven, secretMemory }: SecretsTold): Finding[] {
  const sealed = doubtful('secrets', 'The vault is sealed: services that need a secret wait.', UNSEAL)
  return [
    ...(coven === 'sealed' ? [sealed] : []),
    ...(coven === 'absent' ? [well('secrets', 'Runa runs without coven: there are none.')] : []),
    ...(secretMemory ? [checkSecretMemory(secretMemory)] : []),
  ]
}

const UNSEAL = 'Open it: `runa secret unseal`.'

function checkSecretMemory({ guard, unguarded }: SecretMemoryState): Finding {
  const more = 'Let the account lock more memory: `LimitMEMLOCK=64M` in a unit, or /etc/security/limits.conf.'
  if (guard === 'open') return doubtful('secrets', 'They may be swapped to a disk.', more)
  if (unguarded > 0) {
    return doubtful('secrets', `${unguarded} had no room in memory that is never swapped.`, more)
  }
  const text =
    guard === 'secret'
      ? 'They rest in memory that no other process can read, and that never reaches a disk.'
      : 'They rest in memory that is never swapped nor dumped; this kernel has none that nobody else can read.'
  return well('secrets', text)
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode
}
