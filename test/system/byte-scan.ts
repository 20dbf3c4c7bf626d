import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync, inflateSync, constants as zlib } from 'node:zlib'

/** Where one of the words stands, and how it is written there. */
interface Hit {
  readonly place: string
  readonly word: string
  readonly form: string
}

interface ByteScan {
  /** Without unpacking anything. */
  clear(place: string, bytes: Buffer): Hit[]
  bytes(place: string, bytes: Buffer): Hit[]
  /** Every file below, but for those whose path within the folder begins with one of `except`. Also the names. */
  folder(path: string, except?: readonly string[]): Hit[]
  /** Arguments, environment and whatever is open of no folder: sealed memory and files that were removed. */
  process(pid: number): Hit[]
}

interface Needle {
  readonly word: string
  readonly form: string
  readonly bytes: Buffer
}

const PAGE_BYTES = 4_096
const EMPTY_PAGE = Buffer.alloc(PAGE_BYTES)
const UNPACKED_BYTES_MAX = 2 ** 26
const CHUNK_BYTES = 2 ** 20

/** Looks for words in every form in which a program might have written them down. They should be rare, and long. */
export function createByteScan(words: readonly string[]): ByteScan {
  const needles = words.flatMap(needlesOf)

  function clearHits(place: string, bytes: Buffer): Hit[] {
    const found = needles.filter((needle) => bytes.includes(needle.bytes))
    return found.map(({ word, form }) => ({ place, word, form }))
  }

  function scanBytes(place: string, bytes: Buffer): Hit[] {
    const packed = unpack(bytes).flatMap((inner) => clearHits(`${place}, unpacked`, inner))
    return [...clearHits(place, bytes), ...packed]
  }

  function scanFile(place: string, path: string): Hit[] {
    return stretchesOf(path).flatMap((bytes) => scanBytes(place, bytes))
  }

  return {
    clear: clearHits,
    bytes: scanBytes,
    folder(path, except = []) {
      const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
      const wanted = names.filter((name) => !except.some((start) => name.startsWith(start)))
      return wanted.flatMap((name) => [
        ...clearHits(`the name of ${name}`, Buffer.from(name)),
        ...(isFile(join(path, name)) ? scanFile(join(path, name), join(path, name)) : []),
      ])
    },
    process(pid) {
      const own = ['cmdline', 'environ'].map((name) => `/proc/${pid}/${name}`)
      return [...own, ...openMemory(pid)].flatMap((path) => scanFile(`${path} of ${nameOf(pid)}`, path))
    },
  }
}

function needlesOf(word: string): Needle[] {
  const inJson = JSON.stringify(word).slice(1, -1)
  const utf16 = Buffer.from(word, 'utf16le')
  const forms: Record<string, Buffer> = {
    'UTF-8': Buffer.from(word),
    'UTF-16, little end first': utf16,
    'UTF-16, big end first': Buffer.from(utf16).swap16(),
    JSON: Buffer.from(inJson),
    'JSON in ASCII': Buffer.from(inAscii(inJson)),
    'JSON in JSON': Buffer.from(JSON.stringify(inJson).slice(1, -1)),
    address: Buffer.from(encodeURIComponent(word)),
    hex: Buffer.from(Buffer.from(word).toString('hex')),
    HEX: Buffer.from(Buffer.from(word).toString('hex').toUpperCase()),
    ...inBase64(word, 'base64'),
    ...inBase64(word, 'base64url'),
  }
  const seen = new Set<string>()
  return Object.entries(forms).flatMap(([form, bytes]) => {
    if (seen.has(bytes.toString('latin1'))) return []
    seen.add(bytes.toString('latin1'))
    return [{ word, form, bytes }]
  })
}

function inAscii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What stays of it in base64 whatever stands before and behind: three ways, by where its first byte falls. */
function inBase64(word: string, encoding: 'base64' | 'base64url'): Record<string, Buffer> {
  const bytes = Buffer.from(word)
  const ways = [0, 1, 2].map((before): [string, Buffer] => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString(encoding)
      .replaceAll('=', '')
    const whole = Math.floor(((before + bytes.length) * 8) / 6)
    return [`${encoding} from byte ${before}`, Buffer.from(text.slice(Math.ceil((before * 8) / 6), whole))]
  })
  return Object.fromEntries(ways)
}

/** Whatever is packed by gzip or zlib, wherever it begins. Raw deflate has no mark by which to find it. */
function unpack(bytes: Buffer): Buffer[] {
  const found: Buffer[] = []
  const options = { maxOutputLength: UNPACKED_BYTES_MAX, finishFlush: zlib.Z_SYNC_FLUSH }
  for (const [mark, unzip] of PACKED) {
    for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
      try {
        found.push(unzip(bytes.subarray(at), options))
      } catch {
        // It only looked like a beginning.
      }
    }
  }
  return found
}

/** Not by gunzip, which takes what stands behind for another piece of the same, and then refuses all. */
const gunzip: typeof inflateSync = (bytes, options) => {
  const packed = bytes as Buffer
  const hasName = ((packed[3] ?? 0) & 8) !== 0
  return inflateRawSync(packed.subarray(hasName ? packed.indexOf(0, 10) + 1 : 10), options)
}

const PACKED = [
  [Buffer.from([0x1f, 0x8b, 0x08]), gunzip],
  ...[0x01, 0x5e, 0x9c, 0xda].map((level) => [Buffer.from([0x78, level]), inflateSync] as const),
] as const

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? ''
}

/** Descriptors of what no folder holds any more, or never held. */
function openMemory(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  const paths = readdirSync(folder).map((fd) => join(folder, fd))
  return paths.filter((path) => {
    try {
      return readlinkSync(path).endsWith(' (deleted)') && isFile(path)
    } catch {
      // Closed meanwhile.
      return false
    }
  })
}

/** What stands in a file, without the empty pages of one that is mapped: those are most of it. */
function stretchesOf(path: string): Buffer[] {
  const stretches: Buffer[] = []
  let open: Buffer[] = []
  const close = () => {
    if (open.length > 0) stretches.push(Buffer.concat(open))
    open = []
  }
  for (const chunk of chunksOf(path)) {
    for (let at = 0; at < chunk.length; at += PAGE_BYTES) {
      const page = chunk.subarray(at, at + PAGE_BYTES)
      if (page.equals(EMPTY_PAGE)) close()
      else open.push(page)
    }
  }
  close()
  return stretches
}

function chunksOf(path: string): Buffer[] {
  const fd = openSync(path, 'r')
  try {
    const chunks: Buffer[] = []
    for (let at = 0; ; ) {
      const chunk = Buffer.alloc(CHUNK_BYTES)
      // A memory that is inherited stands where its last reader left it. What is not a file knows no places.
      const length = readSync(
        fd,
        chunk,
        0,
        CHUNK_BYTES,
        path.startsWith('/proc') && !path.includes('/fd/') ? null : at,
      )
      if (length === 0) return chunks
      chunks.push(chunk.subarray(0, length))
      at += length
    }
  } finally {
    closeSync(fd)
  }
}
