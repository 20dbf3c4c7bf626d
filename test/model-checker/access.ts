/** Any array over the memory that the participants share, or over memory of their own. */
export type View = Int32Array | Uint32Array | Uint8Array | Float64Array | BigInt64Array | BigUint64Array

export type Content = number | bigint | boolean | Uint8Array

/**
 * What a participant is about to do with the shared memory. `load`, `store` and `update` are atomic and ordered as
 * JavaScript's `Atomics` are; `read` and `write` are plain. `lock` is a lock of the bus, which is had when it is free or
 * its holder dead. `pause` lets others run until one of them has changed something. `ask` is about who lives; `own` about nothing
 * that others see. A `fence` is a barrier; who sleeps (`sleep`) waits until `isReady`, and may be asleep at the end.
 */
export interface Access {
  readonly kind:
    | 'load'
    | 'store'
    | 'update'
    | 'read'
    | 'write'
    | 'lock'
    | 'pause'
    | 'ask'
    | 'own'
    | 'fence'
    | 'sleep'
  /** In bytes. */
  readonly start: number
  readonly length: number
  /** What the bytes are read as. */
  readonly decode: (bytes: DataView, at: number) => Content
  /** What is written; of an `update`, from what was there. */
  readonly encode?: (before: Content) => Uint8Array | undefined
  /** Of a `sleep`: whether it is over. */
  readonly isReady?: () => boolean
  /** What the participant is given in place of what was read. */
  readonly result?: () => unknown
}

export function isShared(view: unknown, memory: ArrayBuffer): view is View {
  return ArrayBuffer.isView(view) && view.buffer === memory
}

export function startOf(view: View, index: number): number {
  return view.byteOffset + index * view.BYTES_PER_ELEMENT
}

export function decoderOf(view: View): Access['decode'] {
  if (view instanceof Int32Array) return (bytes, at) => bytes.getInt32(at, true)
  if (view instanceof Uint32Array) return (bytes, at) => bytes.getUint32(at, true)
  if (view instanceof Uint8Array) return (bytes, at) => bytes.getUint8(at)
  if (view instanceof Float64Array) return (bytes, at) => bytes.getFloat64(at, true)
  if (view instanceof BigInt64Array) return (bytes, at) => bytes.getBigInt64(at, true)
  return (bytes, at) => bytes.getBigUint64(at, true)
}

/** The bytes of one element, as that array would keep it. */
export function encodeFor(view: View, value: unknown): Uint8Array {
  const bytes = new Uint8Array(view.BYTES_PER_ELEMENT)
  const into = new DataView(bytes.buffer)
  if (view instanceof Uint8Array) bytes[0] = Number(value)
  else if (view instanceof Int32Array || view instanceof Uint32Array) into.setInt32(0, Number(value), true)
  else if (view instanceof Float64Array) into.setFloat64(0, Number(value), true)
  else into.setBigInt64(0, BigInt(value as bigint), true)
  return bytes
}

export function readBytes(start: number, length: number): Access {
  const decode = (bytes: DataView, at: number) =>
    new Uint8Array(bytes.buffer, bytes.byteOffset + at, length).slice()
  return { kind: 'read', start, length, decode }
}

export function writeBytes(start: number, content: Uint8Array): Access {
  return {
    kind: 'write',
    start,
    length: content.length,
    decode: () => 0,
    encode: () => content,
    result: () => undefined,
  }
}

/** Something that the participant learns from elsewhere than memory, or does there. */
export function ask(answer: () => unknown): Access {
  return { kind: 'ask', start: 0, length: 0, decode: () => 0, result: answer }
}

/** As the one of `segment/fence.ts`. */
export function fence(): Access {
  return { ...pause(), kind: 'fence', result: () => undefined }
}

/** Until somebody wakes it. */
export function sleep(isReady: () => boolean): Access {
  return { ...pause(), kind: 'sleep', isReady, result: () => undefined }
}

export function pause(): Access {
  return { kind: 'pause', start: 0, length: 0, decode: () => 0, result: () => 'timed-out' }
}

type Arithmetic = (before: number | bigint, by: number | bigint) => number | bigint

const UPDATES: Readonly<Record<string, Arithmetic>> = {
  add: (before, by) => (typeof before === 'bigint' ? before + BigInt(by) : before + Number(by)),
  sub: (before, by) => (typeof before === 'bigint' ? before - BigInt(by) : before - Number(by)),
  and: (before, by) => (typeof before === 'bigint' ? before & BigInt(by) : before & Number(by)),
  or: (before, by) => (typeof before === 'bigint' ? before | BigInt(by) : before | Number(by)),
  xor: (before, by) => (typeof before === 'bigint' ? before ^ BigInt(by) : before ^ Number(by)),
  exchange: (_before, by) => by,
}

/** A call of `Atomics`. */
export function atomic(name: string, view: View, index: number, operands: readonly unknown[]): Access {
  const [first, second] = operands as (number | bigint)[]
  const place = { start: startOf(view, index), length: view.BYTES_PER_ELEMENT, decode: decoderOf(view) }
  if (name === 'load') return { kind: 'load', ...place }
  if (name === 'store')
    return { kind: 'store', ...place, encode: () => encodeFor(view, first), result: () => first }
  if (name === 'compareExchange') {
    const encode = (before: Content) => (before === first ? encodeFor(view, second) : undefined)
    return { kind: 'update', ...place, encode }
  }
  const change = UPDATES[name]
  if (!change || first === undefined) throw new Error(`Atomics.${name} is not modelled`)
  return { kind: 'update', ...place, encode: (before) => encodeFor(view, change(before as number, first)) }
}

/** Takes a lock of the bus, and gives who had it. Throws where that would be for ever. */
export function lock(
  words: Int32Array,
  word: number,
  stamp: number,
  lives: (stamp: number) => boolean,
): Access {
  const place = { start: startOf(words, word), length: 4, decode: decoderOf(words) }
  const encode = (holder: Content) => {
    if (holder === 0 || !lives(Number(holder))) return encodeFor(words, stamp)
    throw new Error(`lock ${word} was never released by ${holder}`)
  }
  return { kind: 'lock', ...place, encode }
}

/** The same without waiting: gives who has it. */
export function tryLock(
  words: Int32Array,
  word: number,
  stamp: number,
  lives: (stamp: number) => boolean,
): Access {
  const place = { start: startOf(words, word), length: 4, decode: decoderOf(words) }
  const isHad = (holder: Content) => holder === 0 || !lives(Number(holder))
  return {
    kind: 'update',
    ...place,
    encode: (holder) => (isHad(holder) ? encodeFor(words, stamp) : undefined),
  }
}
