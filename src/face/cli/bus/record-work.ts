import { homePaths } from '#kernel/home'
import { type Damage, type Entry, readRecord, recordBus } from '#kernel/recorder'
import type { RecordedMessage } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { refuseNoFolder } from '../bus/files.ts'
import { plural, print } from '../output.ts'
import { checkTrace, passes } from '../scope/message-filter.ts'
import { describeMessage, timeOf } from '../scope/tap-page.ts'
import { buildTrace, showTrace } from '../scope/trace-tree.ts'
import type { VerbCall } from './verb.ts'

const TELLS_EVERY_MS = 10_000

/** Writes down who sends what to whom, until Ctrl-C; or shows what was written down. */
export async function recordOrShow(call: VerbCall): Promise<void> {
  const folder = call.option('folder') ?? homePaths().record
  refuseNoFolder(folder)
  await (call.has('show') ? show(call, folder) : record(call, folder))
}

async function record(call: VerbCall, folder: string): Promise<void> {
  const strict = call.has('strict')
  const bus = await call.seat()
  let toldMs = Number.NEGATIVE_INFINITY
  let counts = { recorded: 0, missed: 0 }
  await recordBus(bus, folder, {
    strict,
    signal: call.signal,
    onProgress(recorded, missed) {
      const isFirst = toldMs === Number.NEGATIVE_INFINITY
      const hasMore = missed > counts.missed
      counts = { recorded, missed }
      if (!hasMore && performance.now() < toldMs + TELLS_EVERY_MS) return
      toldMs = performance.now()
      const begun = `Writing down in ${folder} who sends what to whom. Ctrl-C ends it.`
      print({ folder, strict, ...counts }, call.json, isFirst ? begun : describeCounts(counts))
    },
  })
  print({ folder, strict, ...counts, ended: true }, call.json, describeCounts(counts))
}

function describeCounts({
  recorded,
  missed,
}: {
  readonly recorded: number
  readonly missed: number
}): string {
  return `${plural(recorded, 'message')} written down${missed > 0 ? `, ${missed} missed: they came too fast` : ''}.`
}

async function show(call: VerbCall, folder: string): Promise<void> {
  const [from, to, operation, type] = ['from', 'to', 'operation', 'type'].map(call.option)
  const filter = { from, to, operation, type, trace: checkTrace(call.option('trace')) }
  const ofTrace: RecordedMessage[] = []
  let shown = 0
  let known = 0
  for await (const entry of readRecord(folder)) {
    if (call.signal.aborted) return
    known += 1
    if (entry.kind === 'message' && !passes(filter, entry)) continue
    shown += 1
    if (entry.kind === 'message' && filter.trace !== undefined) ofTrace.push(entry)
    print(entry, call.json, describeEntry(entry))
  }
  // What the lines say one after the other, once more as a tree.
  const traces = new Set(ofTrace.map(({ trace = '' }) => trace))
  if (!call.json) for (const trace of traces) printTree(trace, ofTrace)
  if (known === 0) throw new RunaError('FILE_NOT_FOUND', `Nothing was written down in ${folder} so far.`)
  if (shown === 0 && !call.json) print(undefined, false, 'Nothing that was written down passes the filter.')
}

function printTree(trace: string, messages: readonly RecordedMessage[]): void {
  print(undefined, false, ['', ...showTrace(buildTrace(trace, messages))].join('\n'))
}

function describeEntry(entry: Entry | Damage): string {
  switch (entry.kind) {
    case 'message':
      return describeMessage(entry)
    case 'missed':
      return `${timeOf(entry.at)} Not written down before this: ${plural(entry.count, 'message')}.`
    case 'begin':
      return `${dateOf(entry.at)} The recording begins${entry.strict ? ', strictly' : ''}: ${entry.bus}`
    case 'end':
      return `${dateOf(entry.at)} The recording ends.`
    case 'damaged':
      return `${entry.path} is damaged: what stood in it is unknown.`
  }
}

function dateOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 10)} ${timeOf(at)}`
}
