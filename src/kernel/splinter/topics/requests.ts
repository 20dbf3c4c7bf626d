import { errorPayloadSchema, RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import { checkListener } from '../segment/arguments.ts'
import { type Consumer, expiryAfter } from './consumer.ts'
import { createDeathWatch, startGroupFeed } from './group-feed.ts'
import type { Sender, WaitOptions } from './publisher.ts'
import type { Ring } from './ring.ts'
import type { Taken } from './ring-group-member.ts'
import { FAILURE, REPLY, REQUEST } from './ring-records.ts'
import type { Delivery, Seats } from './subscription.ts'

/** The bytes are the replier's own. What it throws goes to the requester: the code and the message of a RunaError. */
export type Replier = (request: Uint8Array, delivery: Delivery) => Promise<Uint8Array> | Uint8Array

export interface Requests {
  /**
   * Asks whoever replies on this topic, and resolves with the answer, in memory of its own. Should the replier die, the
   * next one is asked, so a request may be worked on twice. Rejects with SERVICE_LOST when none is left, with
   * DEADLINE_EXCEEDED after `timeoutMs` (default: 5,000), CANCELLED by the signal, BUS_BACKPRESSURE where the topic had no
   * room all the time, or with what the replier threw.
   */
  request(message: Uint8Array, options?: WaitOptions): Promise<Uint8Array>
  /** Answers requests, up to `concurrency` at a time (1 to 5; default: 1). Returns a function that ends it. */
  reply(replier: Replier, options?: { readonly concurrency?: number }): () => void
}

const REPLIERS = '$repliers'
const TIMEOUT_MS = 5_000

interface Asked {
  resolve(answer: Uint8Array): void
  reject(error: unknown): void
}

export function createRequests(
  wiring: Wiring,
  ring: Ring,
  seats: Seats,
  sender: Sender,
): Requests & { endRequests(): void } {
  const ends = new Set<() => void>()
  const { request, endAsking } = createAsking(wiring, ring, seats, sender)
  return {
    request,
    reply(replier, { concurrency = 1 } = {}) {
      checkListener(replier)
      const options = { from: 'now', kind: REQUEST, concurrency } as const
      const answer = (taken: Taken) => answerRequest(wiring, sender, replier, taken)
      const feed = startGroupFeed(wiring, ring, seats.countLosses, REPLIERS, options, answer)
      const end = () => {
        if (!ends.delete(end)) return
        feed.end()
        // Who waits for an answer looks whether anybody is left.
        ring.wakeConsumers(wiring.wakeRow)
      }
      ends.add(end)
      return end
    },
    endRequests() {
      for (const end of ends) end()
      endAsking()
    },
  }
}

/** Never rejects: what goes wrong is the requester's to know. */
async function answerRequest(
  { own }: Pick<Wiring, 'own'>,
  { sendWhenFree }: Sender,
  replier: Replier,
  { message, note, redelivered }: Taken,
): Promise<void> {
  const { call, from, expiresAtMs } = note
  let [kind, answer] = [REPLY, new Uint8Array(0)]
  try {
    answer = new Uint8Array(await replier(message, { redelivered }))
  } catch (error) {
    const { code, message: text } = error instanceof RunaError ? error : new RunaError('INTERNAL')
    ;[kind, answer] = [FAILURE, new Uint8Array(Buffer.from(JSON.stringify({ code, message: text })))]
  }
  if (!own.isAlive(from)) return
  // A topic that stays full is counted as refused; the requester's time runs out.
  await sendWhenFree(answer, {}, { kind, call, from, expiresAtMs }).catch(() => {})
}

function createAsking(wiring: Wiring, ring: Ring, seats: Seats, { sendWhenFree }: Sender) {
  const { own, pump } = wiring
  const asked = new Map<number, Asked>()
  const watch = createDeathWatch(wiring, failIfNobodyIsLeft)
  let answers: Consumer | undefined
  let endSource = () => {}
  let joins: number | undefined
  let calls = 0

  function failIfNobodyIsLeft(): void {
    if (ring.stampsOf(REPLIERS).some((stamp) => own.isAlive(stamp))) return
    const error = new RunaError('SERVICE_LOST', 'Nobody replies on this topic any more.')
    for (const { reject } of asked.values()) reject(error)
  }

  function watchRepliers(): void {
    if (ring.joins === joins) return
    joins = ring.joins
    watch.set(ring.stampsOf(REPLIERS))
    failIfNobodyIsLeft()
  }

  /** From the first request on, this member is a consumer of the topic. */
  function listen(): void {
    if (answers) return
    const consumer = seats.join('now', (1 << REPLY) | (1 << FAILURE))
    answers = consumer
    endSource = pump.add({
      hasWork: () => consumer.hasNext() || (asked.size > 0 && ring.joins !== joins),
      drain() {
        const handled = hearAnswers(consumer, own.stamp, asked)
        seats.countLosses(consumer)
        if (asked.size > 0) watchRepliers()
        return handled
      },
    })
  }

  return {
    async request(
      message: Uint8Array,
      { timeoutMs = TIMEOUT_MS, signal }: WaitOptions = {},
    ): Promise<Uint8Array> {
      const note = { kind: REQUEST, call: nextCall(), from: own.stamp, expiresAtMs: expiryAfter(timeoutMs) }
      listen()
      const answer = awaitAnswer(asked, note.call, timeoutMs, signal)
      watchRepliers()
      failIfNobodyIsLeft()
      if (asked.has(note.call)) {
        const options = signal ? { timeoutMs, signal } : { timeoutMs }
        sendWhenFree(message, options, note).catch((error: unknown) => asked.get(note.call)?.reject(error))
      }
      return await answer
    },
    endAsking(): void {
      for (const { reject } of asked.values())
        reject(new RunaError('SERVICE_LOST', 'This process has left the bus.'))
      watch.end()
      endSource()
      if (answers) seats.leave(answers)
      answers = undefined
    },
  }

  function nextCall(): number {
    calls = (calls + 1) & 0x7fff_ffff
    return calls
  }
}

function hearAnswers(consumer: Consumer, stamp: number, asked: Map<number, Asked>): boolean {
  let handled = false
  for (let message = consumer.next(); message; message = consumer.next()) {
    handled = true
    const { from, call, kind } = consumer.note
    const waiting = from === stamp ? asked.get(call) : undefined
    if (kind === REPLY) waiting?.resolve(new Uint8Array(message))
    else waiting?.reject(readFailure(message))
  }
  return handled
}

function readFailure(message: Uint8Array): RunaError {
  try {
    const { code, message: text } = errorPayloadSchema.parse(JSON.parse(Buffer.from(message).toString()))
    return new RunaError(code, text)
  } catch {
    return new RunaError('INTERNAL')
  }
}

/** Settles once, and takes itself off the list. */
function awaitAnswer(
  asked: Map<number, Asked>,
  call: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      asked.delete(call)
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
    }
    const waiting: Asked = {
      resolve(answer) {
        finish()
        resolve(answer)
      },
      reject(error) {
        finish()
        reject(error)
      },
    }
    const cancel = () => waiting.reject(new RunaError('CANCELLED', undefined, { cause: signal?.reason }))
    const timer = setTimeout(() => waiting.reject(new RunaError('DEADLINE_EXCEEDED')), timeoutMs)
    asked.set(call, waiting)
    if (signal?.aborted) cancel()
    else signal?.addEventListener('abort', cancel, { once: true })
  })
}
