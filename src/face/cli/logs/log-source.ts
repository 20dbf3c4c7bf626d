import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type LogLine, parseLogLine } from './log-line.ts'

/** Read from the end of a log, when it is first shown; and kept of a line that has no end. */
const TAIL_BYTES_MAX = 4 * 2 ** 20
const LINE_FEED = 10
/** No two stretches of a log are alike for so long: lines say when they were written. */
const ALIKE_BYTES = 1_024
const NOTHING = Buffer.alloc(0)

/** The log of one service: NAME.log.1 and NAME.log, one after the other. */
export interface LogSource {
  readonly service: string
  readonly path: string
  /** Whole lines that were added since the last look; at the first one, those at the end. */
  readNew(): LogLine[]
}

export function findLogs(folder: string): LogSource[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.log'))
    return names.sort().map((name) => createLogSource(basename(name, '.log'), join(folder, name)))
  } catch {
    return []
  }
}

export function createLogSource(service: string, path: string): LogSource {
  const readBytesOf = createReading(path)
  /** What was read of a line that has no end yet. */
  let rest: Buffer = NOTHING
  let before: number | undefined

  return {
    ...{ service, path },
    readNew() {
      const bytes = Buffer.concat([rest, readBytesOf()])
      const end = bytes.lastIndexOf(LINE_FEED) + 1
      rest = Buffer.from(bytes.subarray(Math.max(end, bytes.length - TAIL_BYTES_MAX)))
      if (end === 0) return []
      const lines = bytes.toString('utf8', 0, end - 1).split('\n')
      return lines.map((line) => {
        const parsed = parseLogLine(service, line, before)
        before = parsed.at
        return parsed
      })
    },
  }
}

interface Stand {
  readonly sizeBytes: number
  readonly inode: number
}

/** What was added to a log since the last look, wherever it stands by now. */
function createReading(path: string): () => Buffer {
  const older = `${path}.1`
  let last: Stand | undefined
  let lastOlder: Stand | undefined
  let readBytes = 0

  /** The first look: from a line's beginning on. */
  function readEnd(now: Stand, nowOlder: Stand | undefined): Buffer {
    const olderBytes = Math.min(nowOlder?.sizeBytes ?? 0, Math.max(0, TAIL_BYTES_MAX - now.sizeBytes))
    const olderSize = nowOlder?.sizeBytes ?? 0
    const start = Math.max(0, now.sizeBytes - TAIL_BYTES_MAX)
    const bytes = Buffer.concat([
      readStretch(older, olderSize - olderBytes, olderSize),
      readStretch(path, start, now.sizeBytes),
    ])
    const isCut = start > 0 || olderBytes < olderSize
    return isCut ? bytes.subarray(bytes.indexOf(LINE_FEED) + 1) : bytes
  }

  /** Whether its start was moved to the older one, or somebody has emptied it. */
  function isMoved(known: Stand, now: Stand, nowOlder: Stand | undefined): boolean {
    if (known.inode !== now.inode || now.sizeBytes < known.sizeBytes) return true
    if (nowOlder === undefined || nowOlder.inode === lastOlder?.inode) return false
    // The older one is there a moment before the start is gone from the log.
    return !beginsAs(path, now, older, nowOlder)
  }

  function readOn(now: Stand, nowOlder: Stand | undefined): Buffer {
    const movedBytes = nowOlder && nowOlder.inode !== lastOlder?.inode ? nowOlder.sizeBytes : 0
    const start = movedBytes > 0 ? Math.max(0, readBytes - movedBytes) : 0
    lastOlder = nowOlder
    return Buffer.concat([readStretch(older, readBytes, movedBytes), readStretch(path, start, now.sizeBytes)])
  }

  return () => {
    // In this order: a log gets shorter only once the older one is there.
    const now = standOf(path)
    const nowOlder = standOf(older)
    if (now === undefined) return NOTHING
    if (!last) lastOlder = nowOlder
    const bytes = !last
      ? readEnd(now, nowOlder)
      : isMoved(last, now, nowOlder)
        ? readOn(now, nowOlder)
        : readStretch(path, readBytes, now.sizeBytes)
    readBytes = now.sizeBytes
    last = now
    return bytes
  }
}

function standOf(path: string): Stand | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && { sizeBytes: stats.size, inode: stats.ino }
}

function beginsAs(path: string, stand: Stand, other: string, otherStand: Stand): boolean {
  if (stand.sizeBytes < otherStand.sizeBytes) return false
  const length = Math.min(ALIKE_BYTES, otherStand.sizeBytes)
  return readStretch(path, 0, length).equals(readStretch(other, 0, length))
}

/** Empty where there is no such file, or it has no such stretch. */
function readStretch(path: string, from: number, to: number): Buffer {
  if (to <= from) return NOTHING
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return NOTHING
  }
  try {
    const start = Math.max(from, to - TAIL_BYTES_MAX)
    const bytes = Buffer.alloc(to - start)
    const length = readSync(fd, bytes, 0, bytes.length, start)
    return bytes.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}
