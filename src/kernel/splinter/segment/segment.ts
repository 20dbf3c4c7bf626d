import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { allocateFile, mapFile } from '#kernel/sys'
import { RunaError } from '#protocol'
import { type Geometry, LAYOUT_VERSION, type Layout, layOut, WHEN_FULL } from './geometry.ts'
import { KEY_STYLES, PROOF_BYTES, type Privacy, SEALS } from './privacy.ts'

/** 'RUNABUS' and a line feed, which shows when somebody treated the file as text. */
const MAGIC = [0x414e_5552, 0x0a53_5542]
const HEADER_WORDS = 24
const PROOF_BYTE = 44
const STORE_WORD = 15

/** The word of the header that topics are made under. */
export const TOPICS_LOCK = 33

/** One memory, seen as what each part needs. */
export interface Segment {
  readonly path: string
  /** Open as long as the member is attached: its locks hang on it. */
  readonly fd: number
  /** By then, its number may be that of another file. */
  isClosed: boolean
  readonly layout: Layout
  readonly privacy: Privacy
  readonly bytes: Buffer
  readonly words: Int32Array
  readonly floats: Float64Array
  readonly integers: BigInt64Array
}

function describe(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

/** magic, version, geometry, size, privacy, and a check over all of it */
function encodeHeader(layout: Layout, { seals, keys, proof }: Privacy): Int32Array<ArrayBuffer> {
  const { membersMax, inboxBytes, topicsBytes, slotsMax, storeBytes, valueBytesMax, whenFull } = layout
  const geometry = [membersMax, inboxBytes, topicsBytes, slotsMax, storeBytes]
  const words = new Int32Array(HEADER_WORDS)
  const privacy = [SEALS.indexOf(seals), KEY_STYLES.indexOf(keys)]
  words.set([...MAGIC, LAYOUT_VERSION, ...geometry, layout.sizeBytes / 4_096, ...privacy])
  new Uint8Array(words.buffer).set(proof, PROOF_BYTE)
  words.set([valueBytesMax, WHEN_FULL.indexOf(whenFull)], STORE_WORD)
  words[HEADER_WORDS - 1] = checkOf(words)
  return words
}

function checkOf(words: Int32Array): number {
  let check = 0x811c_9dc5
  for (const word of words.subarray(0, HEADER_WORDS - 1)) check = Math.imul(check ^ word, 0x0100_0193)
  return check
}

function decodeHeader(
  path: string,
  words: Int32Array<ArrayBuffer>,
  sizeBytes: number,
): Pick<Segment, 'layout' | 'privacy'> {
  const [
    first,
    second,
    version,
    membersMax = 0,
    inboxBytes = 0,
    topicsBytes = 0,
    slotsMax = 0,
    storeBytes = 0,
    _pages,
    seals = -1,
    keys = -1,
  ] = words
  if (first !== MAGIC[0] || second !== MAGIC[1])
    throw new RunaError('BUS_CORRUPT', `${path} is no bus of Runa.`)
  if (version !== LAYOUT_VERSION) {
    throw new RunaError('BUS_VERSION', `${path} has layout ${version}; this Runa speaks ${LAYOUT_VERSION}.`)
  }
  const [valueBytesMax = 0, fullIndex = 0] = words.subarray(STORE_WORD)
  const whenFull = WHEN_FULL[fullIndex] ?? 'refuse'
  const layout = layOut({
    membersMax,
    inboxBytes,
    topicsBytes,
    slotsMax,
    storeBytes: storeBytes >>> 0,
    valueBytesMax,
    whenFull,
  })
  const privacy = decodePrivacy(seals, keys, new Uint8Array(words.buffer, PROOF_BYTE, PROOF_BYTES))
  if (words[HEADER_WORDS - 1] !== checkOf(words) || layout.sizeBytes !== sizeBytes || !privacy) {
    throw new RunaError('BUS_CORRUPT', `${path} is damaged: its size does not fit what it says of itself.`)
  }
  return { layout, privacy }
}

function decodePrivacy(sealsIndex: number, keysIndex: number, proof: Uint8Array): Privacy | undefined {
  const [seals, keys] = [SEALS[sealsIndex], KEY_STYLES[keysIndex]]
  return seals && keys ? { seals, keys, proof } : undefined
}

/**
 * Makes the file of a bus, complete before it has its name, in a folder of its own that nobody else may enter. An
 * older bus of that name is replaced; whoever is still attached to it keeps talking to nobody. Throws BUS_NO_SPACE,
 * BUS_FORBIDDEN or SYSTEM_CALL_FAILED, and then nothing is left behind.
 */
export function createSegment(path: string, geometry: Geometry, privacy: Privacy): void {
  const layout = layOut(geometry)
  const unfinished = `${path}.${process.pid}.new`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    refuseIfShared(dirname(path))
    refuseWithoutRoom(path, layout.sizeBytes)
    const fd = openSync(unfinished, 'wx+', 0o600)
    try {
      allocateFile(fd, layout.sizeBytes)
      writeSync(fd, new Uint8Array(encodeHeader(layout, privacy).buffer), 0, HEADER_WORDS * 4, 0)
    } finally {
      closeSync(fd)
    }
    removeSegment(path)
    renameSync(unfinished, path)
  } catch (error) {
    rmSync(unfinished, { force: true })
    if (error instanceof RunaError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw noSpace(path, layout.sizeBytes)
    const message = `The bus ${path} cannot be made: ${describe(error)}.`
    throw new RunaError('SYSTEM_CALL_FAILED', message, { cause: error })
  }
}

/** Whoever may enter the folder could put a bus of their own in the place of this one. */
function refuseIfShared(folder: string): void {
  const { uid, mode } = statSync(folder)
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new RunaError(
      'BUS_FORBIDDEN',
      `The bus needs a folder that others may not enter: ${folder} is open to them.`,
    )
  }
}

/** Asked first, since taking all that is left, only to give it back, would hurt whoever else needs some. */
function refuseWithoutRoom(path: string, sizeBytes: number): void {
  const { bavail, bsize, blocks } = statfsSync(dirname(path))
  // Some file systems, unlimited ones among them, do not say how large they are.
  if (blocks > 0 && bavail * bsize < sizeBytes) throw noSpace(path, sizeBytes)
}

function noSpace(path: string, sizeBytes: number): RunaError {
  const { bavail, bsize } = statfsSync(dirname(path))
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  return new RunaError(
    'BUS_NO_SPACE',
    `The bus needs ${mebibytes(sizeBytes)} MiB, and ${dirname(path)} has ${mebibytes(bavail * bsize)} MiB free.`,
  )
}

/** Removes the file of a bus and the pipes beside it. Whoever is attached keeps its mapping. */
export function removeSegment(path: string): void {
  const folder = dirname(path)
  const beside = [`${basename(path)}.bell-`, `${basename(path)}.life-`]
  for (const name of readdirSync(folder)) {
    if (beside.some((prefix) => name.startsWith(prefix))) rmSync(join(folder, name), { force: true })
  }
  rmSync(path, { force: true })
}

/**
 * Maps an existing bus. Throws NOT_RUNNING where there is none, BUS_CORRUPT or BUS_VERSION where it cannot be
 * understood, and BUS_FORBIDDEN where it is not this user's alone: then somebody else may have put it there.
 */
export function openSegment(path: string): Segment {
  const mapped = openOrThrow(path)
  try {
    const { size, uid, mode } = fstatSync(mapped)
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
      throw new RunaError('BUS_FORBIDDEN', `${path} does not belong to you alone.`)
    }
    const words = new Int32Array(HEADER_WORDS)
    readSync(mapped, new Uint8Array(words.buffer), 0, HEADER_WORDS * 4, 0)
    const header = decodeHeader(path, words, size)
    const memory = mapFile(mapped)
    // A mapping keeps its opening of the file, and the locks on that, after the descriptor is closed. So the locks get
    // an opening of their own: of this very file, whatever may have its name by now.
    return mapSegment(path, openSync(`/proc/self/fd/${mapped}`, 'r+'), header, memory)
  } catch (error) {
    if (error instanceof RunaError) throw error
    const message = `The bus ${path} cannot be mapped: ${describe(error)}.`
    throw new RunaError('SYSTEM_CALL_FAILED', message, { cause: error })
  } finally {
    closeSync(mapped)
  }
}

/** Frees the locks that hang on it. The memory stays mapped. */
export function closeSegment(segment: Segment): void {
  segment.isClosed = true
  closeSync(segment.fd)
}

function openOrThrow(path: string): number {
  try {
    return openSync(path, 'r+')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new RunaError('NOT_RUNNING', `Runa is not running: there is no bus at ${path}.`, { cause })
    }
    throw new RunaError('BUS_FORBIDDEN', `The bus ${path} cannot be opened: ${describe(cause)}.`, { cause })
  }
}

function mapSegment(
  path: string,
  fd: number,
  header: Pick<Segment, 'layout' | 'privacy'>,
  memory: ArrayBuffer,
): Segment {
  return {
    path,
    fd,
    isClosed: false,
    ...header,
    bytes: Buffer.from(memory),
    words: new Int32Array(memory),
    floats: new Float64Array(memory),
    integers: new BigInt64Array(memory),
  }
}
