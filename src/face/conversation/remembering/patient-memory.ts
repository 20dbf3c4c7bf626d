import type { CallOptions, ErrorCode } from '#protocol'
import { patiently } from '../patience.ts'
import type { Alethia } from './alethia-client.ts'

/** alethia is back within a second or two; with a full memory, within some more. */
const PATIENCE_MS = 15_000

/** What passes when alethia is started anew, or has caught up. */
const PASSING = ['SERVICE_LOST', 'BUSY', 'BUS_BACKPRESSURE'] as const satisfies readonly ErrorCode[]
/** For who keeps a turn, which may be repeated: also what took too long. */
export const PASSING_FOR_KEEPING = [...PASSING, 'DEADLINE_EXCEEDED'] as const

/** The same, but who reads waits for an alethia that is just being started again. Recall does not: it has a deadline. */
export function withPatience(alethia: Alethia): Alethia {
  return {
    ...alethia,
    answer: patient(alethia.answer),
    state: patient(alethia.state),
    thread: patient(alethia.thread),
    threads: patient(alethia.threads),
    turns: patient(alethia.turns),
    async *records(input, options = {}) {
      const open = async () => {
        const items = alethia.records(input, options)
        return { items, first: await items.next() }
      }
      const { items, first } = await patiently(open, patienceOf(options))
      try {
        if (first.done) return
        yield first.value
        yield* items
      } finally {
        await items.return()
      }
    },
  }
}

function patient<Input, Output>(call: (input: Input, options?: CallOptions) => Promise<Output>) {
  return (input: Input, options: CallOptions = {}): Promise<Output> =>
    patiently(() => call(input, options), patienceOf(options))
}

function patienceOf({ signal = new AbortController().signal }: CallOptions) {
  return { patienceMs: PATIENCE_MS, codes: PASSING, signal }
}
