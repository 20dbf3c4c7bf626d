import { resolve } from 'node:path'
import { type IngestItem, tietoContract } from '#protocol'
import { withRuna } from '../connection.ts'
import { harmless } from '../harmless.ts'
import { print } from '../output.ts'
import { createProgress } from '../progress.ts'

export interface IngestOptions {
  readonly topic: string
  readonly json: boolean
}

type Skipped = Pick<Extract<IngestItem, { kind: 'skipped' }>, 'document' | 'code' | 'reason'>

/** Ends with 1 where files were skipped and nothing of what was named is in the topic; else with 0. */
export async function ingest(paths: readonly string[], { topic, json }: IngestOptions): Promise<void> {
  const progress = createProgress()
  const skipped: Skipped[] = []
  let sums = { stored: 0, unchanged: 0, skipped: 0, removed: 0, chunks: 0 }
  await withRuna(['tieto'], async ({ client, signal }) => {
    const input = { topic, paths: paths.map((path) => resolve(path)) }
    for await (const item of client(tietoContract).ingest(input, { signal })) {
      if (item.kind === 'progress') progress.show(item.done, item.total, harmless(item.document))
      if (item.kind === 'skipped') {
        const { document, code, reason } = item
        skipped.push({ document, code, reason })
        progress.note(harmless(`skipped ${document}: ${reason} [${code}]`))
      }
      if (item.kind === 'end') sums = { ...item }
    }
  }).finally(progress.end)
  const { stored, unchanged, removed, chunks } = sums
  const text = `${topic}: ${stored} stored, ${unchanged} unchanged, ${skipped.length} skipped, ${removed} removed; ${chunks} passages in these.`
  print({ topic, stored, unchanged, removed, chunks, skipped }, json, text)
  if (skipped.length > 0 && stored + unchanged === 0) process.exitCode = 1
}
