import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { HomePaths } from '#kernel/home'
import { ERRORS } from '#protocol'
import { findHolders } from '../identity.ts'
import { WORLD_FD } from '../keeping/launch.ts'
import { runFiles } from '../run-state.ts'
import { doubtful, type Finding, well, wrong } from './finding.ts'

const OTHERS = 0o077

export function checkHome({ home }: HomePaths): Finding[] {
  const state = statSync(home, { throwIfNoEntry: false })
  if (!state) return [well('home', `${home} is not there yet: \`runa up\` makes it.`)]
  if (!mayWrite(home)) {
    const text = `${home} belongs to ${whose(state)}, and this user may not write there.`
    return [wrong('home', 'permission', text, 'Start Runa as the user to whom it belongs.')]
  }
  return [well('home', `${home} can be read and written.`)]
}

/** What belongs together of a vault, and that nobody else may read it. */
export function checkVault(folder: string): Finding[] {
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
    ...(forbidden.length + open.length > 0
      ? []
      : [well('vault', existsSync(key) ? 'It opens with its key file.' : 'It opens with a passphrase.')]),
  ]
}

/** Of a Runa that does not run any more. The next start ends them. */
export async function checkLeftovers(paths: HomePaths): Promise<Finding[]> {
  const { worldLock } = runFiles(paths)
  if (!existsSync(worldLock)) return []
  const left = await findHolders(worldLock, WORLD_FD).catch(() => [])
  if (left.length === 0) return [well('processes', 'Nothing of an earlier start is left.')]
  const pids = left.map(({ pid }) => pid).join(', ')
  return [doubtful('processes', `Of an earlier start, these are left: ${pids}. The next one ends them.`)]
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode
}

function whose({ uid }: Stats): string {
  return uid === process.getuid?.() ? 'this user' : `user ${uid}`
}
