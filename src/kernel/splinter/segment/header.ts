import { RunaError } from '#protocol'
import {
  type Geometry,
  isAddressable,
  LAYOUT_VERSION,
  type Layout,
  layOut,
  SEGMENT_BYTES_MAX,
  SLOTS_MAX,
  WHEN_FULL,
} from './geometry.ts'
import { KEY_STYLES, PROOF_BYTES, type Privacy, SEALS } from './privacy.ts'

/** 'RUNABUS' and a line feed, which shows when somebody treated the file as text. */
const MAGIC = [0x414e_5552, 0x0a53_5542] as const

// Words of the part of the header that never changes, and a check over all of it.
const VERSION = 2
const PAGES = 3
const SEALED = 4
const KEYS = 5
const FLAGS = 6
const FULL = 7
const PROOF = 8
const GEOMETRY = 12
const CHECK = 31
const HEADER_WORDS = 32
export const HEADER_BYTES_READ = HEADER_WORDS * 4
const PAGE_BYTES = 4_096

/** Words that change begin here. */
export const MUTABLE_WORDS = 32
/** Topics are made under this lock. */
export const TOPICS_LOCK = 33
/** Which start of the machine, and which file, the memory of this bus was last sound in. */
export const LIFE = 64

const PERSISTENT = 1

type Measure = Exclude<keyof Geometry, 'whenFull'>

/** What each measure may be, and what it is a multiple of. Their order is that of the words. */
const MEASURES: Readonly<Record<Measure, readonly [least: number, most: number, step: number]>> = {
  membersMax: [2, 32, 1],
  inboxBytes: [64, SEGMENT_BYTES_MAX, 64],
  topicsBytes: [64, SEGMENT_BYTES_MAX, 64],
  slotsMax: [1, SLOTS_MAX, 1],
  storeBytes: [64, SEGMENT_BYTES_MAX, 64],
  valueBytesMax: [1, SEGMENT_BYTES_MAX / 2, 1],
}
const MEASURE_NAMES = Object.keys(MEASURES) as Measure[]

/** What a bus says of itself, once and for all. */
export interface Header {
  readonly layout: Layout
  readonly privacy: Privacy
  /** It is to outlive the machine's power: its values carry checks. */
  readonly persistent: boolean
}

export function encodeHeader({ layout, privacy, persistent }: Header): Uint8Array {
  const words = new Int32Array(HEADER_WORDS)
  words.set([...MAGIC, LAYOUT_VERSION, layout.sizeBytes / PAGE_BYTES])
  words[SEALED] = SEALS.indexOf(privacy.seals)
  words[KEYS] = KEY_STYLES.indexOf(privacy.keys)
  words[FLAGS] = persistent ? PERSISTENT : 0
  words[FULL] = WHEN_FULL.indexOf(layout.whenFull)
  words.set(
    MEASURE_NAMES.map((name) => layout[name]),
    GEOMETRY,
  )
  new Uint8Array(words.buffer).set(privacy.proof, PROOF * 4)
  words[CHECK] = checkOf(words)
  return new Uint8Array(words.buffer)
}

function wordsOf(header: Uint8Array): Int32Array<ArrayBuffer> {
  const words = new Int32Array(HEADER_WORDS)
  new Uint8Array(words.buffer).set(header.subarray(0, HEADER_BYTES_READ))
  return words
}

/** Whether this is the beginning of a bus, of whatever version, sound or not. */
export function isBusHeader(header: Uint8Array): boolean {
  const words = wordsOf(header)
  return words[0] === MAGIC[0] && words[1] === MAGIC[1]
}

/** Whether it says of itself that it is to last, sound or not. */
export function isPersistentHeader(header: Uint8Array): boolean {
  return isBusHeader(header) && ((wordsOf(header)[FLAGS] ?? 0) & PERSISTENT) !== 0
}

/** Throws BUS_CORRUPT or BUS_VERSION. `sizeBytes`: of the file that it stands in. */
export function decodeHeader(path: string, header: Uint8Array, sizeBytes: number): Header {
  if (header.length < HEADER_BYTES_READ || !isBusHeader(header)) {
    throw new RunaError('BUS_CORRUPT', `${path} is no bus of Runa.`)
  }
  const words = wordsOf(header)
  if (words[VERSION] !== LAYOUT_VERSION) {
    const version = words[VERSION] ?? 0
    throw new RunaError('BUS_VERSION', `${path} has layout ${version}; this Runa speaks ${LAYOUT_VERSION}.`)
  }
  if (words[CHECK] !== checkOf(words)) throw damaged(path, 'what it says of itself was changed')
  const layout = layOut(decodeGeometry(path, words))
  if (layout.sizeBytes !== sizeBytes || (words[PAGES] ?? 0) * PAGE_BYTES !== sizeBytes) {
    throw damaged(path, `it says that it has ${layout.sizeBytes} bytes, and the file has ${sizeBytes}`)
  }
  if (!isAddressable(layout)) throw damaged(path, 'it is larger than any bus')
  const [seals, keys] = [SEALS[words[SEALED] ?? -1], KEY_STYLES[words[KEYS] ?? -1]]
  const flags = words[FLAGS] ?? 0
  if (!seals || !keys || (flags & ~PERSISTENT) !== 0) {
    throw damaged(path, 'what it says of its privacy makes no sense')
  }
  const proof = new Uint8Array(words.buffer, PROOF * 4, PROOF_BYTES)
  return { layout, privacy: { seals, keys, proof }, persistent: flags === PERSISTENT }
}

/** Each measure by itself, so that what is computed from them cannot run out of bounds and meet again by chance. */
function decodeGeometry(path: string, words: Int32Array): Geometry {
  const values = MEASURE_NAMES.map((name, index) => [name, (words[GEOMETRY + index] ?? 0) >>> 0])
  const measures = Object.fromEntries(values) as Record<Measure, number>
  const misfit = misfitOf(measures)
  if (misfit !== undefined) throw damaged(path, misfit)
  const whenFull = WHEN_FULL[words[FULL] ?? -1]
  if (!whenFull) throw damaged(path, 'what it does when it is full makes no sense')
  return { ...measures, whenFull }
}

/** Which measure no bus can have; undefined where all are sound by themselves. */
function misfitOf(measures: Readonly<Record<Measure, number>>): string | undefined {
  for (const name of MEASURE_NAMES) {
    const [least, most, step] = MEASURES[name]
    const value = measures[name]
    if (!(value >= least && value <= most && value % step === 0)) return `its ${name} cannot be ${value}`
  }
  return 2 * measures.valueBytesMax > measures.storeBytes ? 'its values are larger than its store' : undefined
}

/** Throws BAD_INPUT for a bus that nobody could attach to. */
export function refuseMisfit(layout: Layout): void {
  const { sizeBytes, arena } = layout
  const tooLarge = `of ${sizeBytes} bytes ${SEGMENT_BYTES_MAX} can be mapped; of ${arena} without values, half of that`
  const { whenFull } = layout
  if (!WHEN_FULL.includes(whenFull)) {
    throw new RunaError('BAD_INPUT', `A full store does one of ${WHEN_FULL.join(', ')}; not ${whenFull}.`)
  }
  const misfit = misfitOf(layout) ?? (isAddressable(layout) ? undefined : tooLarge)
  if (misfit !== undefined) throw new RunaError('BAD_INPUT', `Such a bus cannot be made: ${misfit}.`)
}

function damaged(path: string, why: string): RunaError {
  return new RunaError('BUS_CORRUPT', `${path} is damaged or cut: ${why}.`)
}

/** FNV-1a over words: it notices each change of a single word. */
function checkOf(words: Int32Array): number {
  let check = 0x811c_9dc5
  for (const word of words.subarray(0, CHECK)) check = Math.imul(check ^ word, 0x0100_0193)
  return check
}
