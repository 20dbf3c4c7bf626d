import { closeDebugger, forbidCoreDumps } from '#kernel/sys'
import { ERRORS, RunaError } from '#protocol'
import { createOrphanExits } from './adoption/orphan-exits.ts'
import { followAncestor } from './ancestry/ancestor-watch.ts'
import type { Report } from './ancestry/report.ts'
import type { RunOptions } from './realm.ts'
import { runGilgul } from './run.ts'

/** The main of a gilgul: what its ancestor wishes and learns, and how it ends. */
export async function startGilgul(options: Pick<RunOptions, 'services' | 'modelSpec'>): Promise<void> {
  // Services hold keys and people's words, and must stay readable to gilgul: closing them as coven is closed cannot be.
  forbidCoreDumps()
  closeDebugger()
  const [stopping, locking] = [new AbortController(), new AbortController()]
  const stop = () => stopping.abort()
  const report = (line: Report) => void process.stdout.write(`${JSON.stringify(line)}\n`)
  // The ancestor may be gone, and nobody listens: its end is told by the input.
  process.stdout.on('error', () => {})
  // Its log lies on a disk, which may be full: that must not end what keeps everything else running.
  process.stderr.on('error', () => {})
  const exits = createOrphanExits()
  const succession = followAncestor({ stopping, locking, report }, exits)
  process.on('SIGTERM', stop)
  // Ctrl-C and a closed terminal reach the whole process group. The ancestor decides what they mean.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
  try {
    await runGilgul({ ...options, report, stopping, exits, lockDown: locking.signal })
  } catch (error) {
    // It may have failed for want of its ancestor, and is about to take its place.
    await succession()
    const code = error instanceof RunaError ? error.code : 'INTERNAL'
    if (code === 'INTERNAL') process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    const message = error instanceof RunaError ? error.message : ERRORS.INTERNAL.means
    report({ kind: 'failed', failure: { code, message, advice: ERRORS[code].advice } })
    process.exitCode = 1
  }
  // What is still open, such as the mapped bus, must not keep a stopped gilgul alive.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  process.exit()
}
