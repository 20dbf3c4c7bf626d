import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs'
import type { HomePaths } from '#kernel/home'
import { findHolders } from '../identity.ts'
import { WORLD_FD } from '../keeping/launch.ts'
import { runFiles } from '../run-state/run-state.ts'
import { doubtful, type Finding, well, wrong } from './finding.ts'

export function checkHome({ home }: HomePaths): Finding[] {
  const state = statSync(home, { throwIfNoEntry: false })
  if (!state) return [well('home', `${home} is not there yet: \`runa up\` makes it.`)]
  if (!mayWrite(home)) {
    const text = `${home} belongs to ${whose(state)}, and this user may not write there.`
    return [wrong('home', 'permission', text, 'Start Runa as the user to whom it belongs.')]
  }
  return [well('home', `${home} can be read and written.`)]
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

/** Whether this user may read and write it. */
export function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function whose({ uid }: Stats): string {
  return uid === process.getuid?.() ? 'this user' : `user ${uid}`
}
