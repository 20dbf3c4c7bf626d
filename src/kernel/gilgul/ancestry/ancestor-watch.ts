import { createInterface } from 'node:readline'
import type { OrphanExits } from '../adoption/orphan-exits.ts'
import type { RunOptions } from '../realm.ts'
import { parseAncestorLine, watchSilence } from './silence.ts'
import { succeedAncestor } from './succession.ts'

/**
 * For gilgul: hears what its ancestor tells over the input, and notices when it dies or hangs. Returns what waits for the
 * succession, where one has begun.
 */
export function followAncestor(
  {
    stopping,
    locking,
    report,
  }: Pick<RunOptions, 'stopping' | 'report'> & Parameters<typeof succeedAncestor>[0],
  exits: OrphanExits,
): () => Promise<void> | undefined {
  const ancestor = process.ppid
  let succession: Promise<void> | undefined

  const silence = watchSilence(
    () => report({ kind: 'beat' }),
    // By force, since what hangs hears no wish. Its end is told by the input, as any other.
    () => {
      if (process.ppid === ancestor) process.kill(ancestor, 'SIGKILL')
    },
  )
  createInterface({ input: process.stdin }).on('line', (line) => {
    silence.heard()
    const told = parseAncestorLine(line)
    if (told?.kind === 'exit') exits.hear(told.exit)
  })
  for (const event of ['end', 'error', 'close']) {
    process.stdin.once(event, () => {
      silence.end()
      succession ??= succeedAncestor({ stopping, locking })
    })
  }
  return () => succession
}
