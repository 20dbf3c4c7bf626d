import { openJournal } from '#kernel/journal'
import { RunaError } from '#protocol'

/** A request that left this machine: when, in milliseconds since 1970, to whom, and what for. Never what it said. */
interface OutwardRequest {
  readonly at: number
  readonly host: string
  readonly purpose: string
}

export interface Ledger {
  /** Resolves once the entry is on the disk. Only then may the request leave. */
  record(host: string, purpose: string): Promise<void>
  /** Newest first, and at most those that are kept in memory. */
  list(limit: number): { readonly total: number; readonly requests: readonly OutwardRequest[] }
  close(): Promise<void>
}

/** The contract shows no more of them at once. */
const KEPT_MAX = 1_000
/** About 300,000 requests. When it is full, nothing leaves any more until its owner has moved it away. */
const SIZE_BYTES_MAX = 32 * 2 ** 20

export async function openLedger(path: string, sizeBytesMax = SIZE_BYTES_MAX): Promise<Ledger> {
  const { journal, payloads } = await openJournal(path, { sizeBytesMax })
  const kept = payloads
    .slice(-KEPT_MAX)
    .map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as OutwardRequest)
  let total = payloads.length
  return {
    async record(host, purpose) {
      const entry: OutwardRequest = { at: Date.now(), host, purpose }
      try {
        await journal.append(Buffer.from(JSON.stringify(entry)))
      } catch (cause) {
        const why = `The request was not sent, because it could not be written down in ${path}.`
        throw new RunaError('ENGINE_UNREACHABLE', why, { cause })
      }
      kept.push(entry)
      if (kept.length > KEPT_MAX) kept.shift()
      total += 1
    },
    list: (limit) => ({ total, requests: kept.slice(Math.max(0, kept.length - limit)).reverse() }),
    close: () => journal.close(),
  }
}
