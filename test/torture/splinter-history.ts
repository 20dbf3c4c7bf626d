import { closeSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Bus } from '#kernel/splinter'
import { allocateFile, mapFile } from '#kernel/sys'
import { isLinearisable, type Meaning, type Operation } from '../model-checker/linearisability.ts'

export const RECORDED_LIVES_MAX = 256
const CALLS_MAX = 400
/** what, on which key, with which operand, from when to when, with which result, expecting which version */
const FIELDS = 7
const DEATHS = RECORDED_LIVES_MAX * CALLS_MAX * FIELDS
const KINDS = ['set', 'get', 'delete', 'version', 'exchange', 'add', 'append'] as const
type Kind = (typeof KINDS)[number]

interface Call {
  readonly kind: Kind | 'takeover'
  readonly operand: number
  readonly version: number
}

/** A call that never returned has no result. Numbers stand for values; −1 for none. */
interface Recorded extends Operation<Call, number> {
  readonly key: number
}

const VALUE_KEYS = 2
const NUMBER_KEY = VALUE_KEYS
const LOG_KEY = VALUE_KEYS + 1
const KEYS = VALUE_KEYS + 2
const LOG_ENDS = 0.02
const nameOf = (key: number) => `history-${key}`

function historyPath(busPath: string): string {
  return join(dirname(busPath), 'history')
}

export function createHistoryFile(busPath: string): void {
  const fd = openSync(historyPath(busPath), 'wx+', 0o600)
  allocateFile(fd, (DEATHS + RECORDED_LIVES_MAX) * 8)
  closeSync(fd)
}

function openHistory(busPath: string): Float64Array {
  const fd = openSync(historyPath(busPath), 'r+')
  const fields = new Float64Array(mapFile(fd))
  closeSync(fd)
  return fields
}

const now = () => Number(process.hrtime.bigint())

/** That life is over: what it had called and did not come back from has happened by now, or never will. */
export function recordDeath(busPath: string, life: number): void {
  if (life < RECORDED_LIVES_MAX) openHistory(busPath)[DEATHS + life] = now()
}

/** Makes a call by chance, and records when and with what outcome. `isStale`: sometimes, it tells what it read before. */
export function createRecorder(
  bus: Bus,
  busPath: string,
  life: number,
  random: () => number,
  isStale = false,
) {
  const fields = openHistory(busPath)
  let calls = 0
  let version = 0n
  let readBefore = -1

  function make(kind: Kind, key: number, operand: number): number {
    const result = perform(bus, kind, nameOf(key), operand, version)
    if (kind === 'version') version = BigInt(result)
    if (kind !== 'get' || !isStale) return result
    const told = random() < 0.2 ? readBefore : result
    readBefore = result
    return told
  }

  return (number: number): void => {
    if (calls === CALLS_MAX) return
    const at = (life * CALLS_MAX + calls) * FIELDS
    calls += 1
    const { kind, key } = choose(random)
    // A version is of the key that it was asked of.
    const chosen = kind === 'version' || kind === 'exchange' ? 0 : key
    const operand = life * 1_000 + number + 1
    fields[at + 6] = Number(version)
    fields.set([0, chosen, operand, now()], at)
    fields[at] = KINDS.indexOf(kind) + 1
    fields[at + 5] = make(kind, chosen, operand)
    fields[at + 4] = now()
  }
}

function choose(random: () => number): { kind: Kind; key: number } {
  const kind = KINDS[Math.floor(random() * KINDS.length)] ?? 'get'
  if (kind === 'add') return { kind, key: NUMBER_KEY }
  // Sometimes it begins anew: else it would outgrow what a value may have.
  if (kind === 'append') return { kind: random() < LOG_ENDS ? 'delete' : kind, key: LOG_KEY }
  return { kind, key: Math.floor(random() * VALUE_KEYS) }
}

function perform({ store }: Bus, kind: Kind, key: string, operand: number, version: bigint): number {
  switch (kind) {
    case 'set':
      store.set(key, encode(operand))
      return 0
    case 'get':
      return decode(store.get(key))
    case 'delete':
      return store.delete(key) ? 1 : 0
    case 'version':
      return Number(store.head(key)?.version ?? 0n)
    case 'exchange':
      return store.compareAndSet(key, version, encode(operand)) ? 1 : 0
    case 'add':
      return Number(store.add(key, 1n))
    case 'append':
      return store.append(key, Buffer.alloc(8))
  }
}

/** Long enough to be torn, and to move between blocks. */
function encode(value: number): Buffer {
  const bytes = Buffer.alloc(16 + 8 * (value % 90))
  for (let at = 0; at < bytes.length; at += 8) bytes.writeDoubleLE(value, at)
  return bytes
}

/** A torn value is none that anybody has written. */
function decode(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return -1
  const value = Buffer.from(bytes).readDoubleLE(0)
  return encode(value).equals(bytes) ? value : Number.NaN
}

/** Calls; keys for whose calls there is no order that explains them; and keys with more orders than could be tried. */
export function judgeHistories(busPath: string) {
  const recorded = readHistory(openHistory(busPath))
  let [unexplained, unjudged] = [0, 0]
  for (let key = 0; key < KEYS; key += 1) {
    try {
      const calls = recorded.filter((call) => call.key === key)
      if (!isLinearisable<Call, number>(calls, MEANING)) unexplained += 1
    } catch {
      unjudged += 1
    }
  }
  return { calls: recorded.length, unexplained, unjudged }
}

function readHistory(fields: Float64Array): Recorded[] {
  const recorded: Recorded[] = []
  for (let at = 0; at < DEATHS; at += FIELDS) {
    const [kindNumber = 0, key = 0, operand = 0, invokedAt = 0, endedAt = 0, result = 0, version = 0] =
      fields.subarray(at, at + FIELDS)
    const kind = KINDS[kindNumber - 1]
    if (kind === undefined) continue
    const goneAt = fields[DEATHS + Math.floor(at / FIELDS / CALLS_MAX)] || Number.POSITIVE_INFINITY
    const outcome =
      endedAt === 0 ? { returnedAt: Number.POSITIVE_INFINITY, goneAt } : { returnedAt: endedAt, result }
    recorded.push({ key, call: { kind, operand, version }, invokedAt, ...outcome })
  }
  return [...recorded, ...takeovers(recorded)]
}

/** They lock the slot of their key, whatever they find there. */
const LOCKING: readonly (Kind | 'takeover')[] = ['set', 'add', 'append']

/**
 * Who takes a lock over from the dead moves the version on, also where the dead one had changed nothing: a version that
 * somebody holds may then be refused. That happens between the call of the dead and the end of the first call after its
 * death that has to lock.
 */
function takeovers(recorded: readonly Recorded[]): Recorded[] {
  const dead = recorded.filter(({ returnedAt }) => returnedAt === Number.POSITIVE_INFINITY)
  return dead.map(({ key, invokedAt, goneAt = Number.POSITIVE_INFINITY }) => {
    const ends = recorded.flatMap((call) =>
      call.key === key && call.invokedAt > goneAt && LOCKING.includes(call.call.kind) ? call.returnedAt : [],
    )
    const call = { kind: 'takeover', operand: 0, version: 0 } as const
    return { key, call, invokedAt, returnedAt: Number.POSITIVE_INFINITY, goneAt: Math.min(...ends) }
  })
}

/** The value, or its count, and the version where somebody has asked for it since the last change. */
const MEANING: Meaning<Call, number> = {
  initial: '-1 ?',
  apply(text, { kind, operand, version: expected }, result) {
    const [value = '', version = ''] = text.split(' ')
    const changed = (next: number, told: number) =>
      result === undefined || result === told ? `${next} ?` : undefined
    const same = (told: number) => (result === undefined || result === told ? text : undefined)
    switch (kind) {
      case 'takeover':
        return `${value} ?`
      case 'set':
        return `${operand} ?`
      case 'get':
        return same(Number(value))
      case 'delete':
        return value === '-1' ? same(0) : changed(-1, 1)
      case 'version':
        if (result === undefined) return text
        if (value === '-1') return same(0)
        return version === '?' ? `${value} ${result}` : same(Number(version))
      case 'exchange': {
        const holds = expected === 0 ? value === '-1' : version === String(expected)
        return holds ? changed(operand, 1) : same(0)
      }
      case 'add':
        return changed(Math.max(0, Number(value)) + 1, Math.max(0, Number(value)) + 1)
      case 'append':
        return changed(Math.max(0, Number(value)) + 8, Math.max(0, Number(value)) + 8)
    }
  },
}
