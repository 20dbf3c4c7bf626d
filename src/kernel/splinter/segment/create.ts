import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { allocateFile } from '#kernel/sys'
import { RunaError } from '#protocol'
import { type Geometry, type Layout, layOut } from './geometry.ts'
import {
  encodeHeader,
  HEADER_BYTES_READ,
  type Header,
  isBusHeader,
  isPersistentHeader,
  LIFE,
  refuseMisfit,
} from './header.ts'
import { drawGeneration, lifeOf } from './life.ts'
import { prepareFolder, refusalOf, refuseWithoutRoom } from './place.ts'
import type { Privacy } from './privacy.ts'
import { describe } from './segment.ts'
import { removeUnfinished, unfinishedName } from './unfinished.ts'

interface Choice {
  readonly persistent?: boolean | undefined
  /** Also a bus that is to last, where it is said whether the new one is. */
  readonly replace?: boolean | undefined
}

/**
 * Makes the file of a bus, complete before it has its name, in a folder of its own that nobody else may enter. An
 * older bus of that name is replaced, one that is to outlive the machine's power only where that is said; whoever is still
 * attached to it stays with those who are. Throws BUS_EXISTS, BUS_NO_SPACE, BUS_FORBIDDEN, BUS_PLACE_UNFIT or SYSTEM_CALL_FAILED, and then
 * nothing is left behind.
 */
export function createSegment(
  path: string,
  geometry: Geometry,
  privacy: Privacy,
  { persistent: wanted, replace = false }: Choice = {},
): void {
  const persistent = wanted ?? false
  const header: Header = { layout: layOut(geometry), privacy, persistent }
  const { sizeBytes } = header.layout
  const unfinished = unfinishedName(path)
  prepareFolder(path)
  try {
    const replaced = refuseToReplace(path, replace && wanted !== undefined)
    removeUnfinished(path)
    refuseWithoutRoom(path, sizeBytes)
    refuseMisfit(header.layout)
    const fd = openSync(unfinished, 'wx+', 0o600)
    try {
      allocateFile(fd, sizeBytes)
      writeSync(fd, encodeHeader(header), 0, HEADER_BYTES_READ, 0)
      const life = lifeOf(path, fd, persistent)
      writeSync(fd, new Uint8Array(life.buffer), 0, life.byteLength, LIFE * 4)
      if (persistent || privacy.seals === 'everything') writeGenerations(fd, header.layout)
      if (persistent) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    giveName(unfinished, path, replaced, persistent)
  } catch (error) {
    rmSync(unfinished, { force: true })
    if (error instanceof RunaError) throw error
    const refusal = refusalOf(path, sizeBytes, error)
    if (refusal) throw refusal
    const message = `The bus ${path} cannot be made: ${describe(error)}.`
    throw new RunaError('SYSTEM_CALL_FAILED', message, { cause: error })
  }
}

function writeGenerations(fd: number, layout: Layout): void {
  for (let row = 0; row < layout.membersMax; row += 1) {
    const generation = Int32Array.of(drawGeneration())
    writeSync(fd, new Uint8Array(generation.buffer), 0, 4, layout.members + row * layout.memberBytes)
  }
}

/** A lasting bus never takes the place of anything that came there meanwhile. */
function giveName(unfinished: string, path: string, replaced: boolean, persistent: boolean): void {
  if (replaced || !persistent) removeSegment(path)
  if (!persistent) {
    renameSync(unfinished, path)
    return
  }
  try {
    linkSync(unfinished, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new RunaError('BUS_EXISTS', `Somebody else has just made ${path}.`, { cause })
  }
  rmSync(unfinished)
  syncFolder(dirname(path))
}

/** Only then does a new name outlive the machine's power. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * A bus in memory is made anew at each start. What was to last, or is no bus at all, is not ours to remove. Returns
 * whether there is something to replace.
 */
function refuseToReplace(path: string, alsoLasting: boolean): boolean {
  const header = headerAt(path)
  if (header && isPersistentHeader(header) && !alsoLasting) {
    const how = 'It is replaced where `replace` is said, and whether the new one is `persistent`'
    throw new RunaError('BUS_EXISTS', `There is a bus at ${path} already that is to last. ${how}.`)
  }
  return header !== undefined
}

/** Of the bus that lies there; undefined where nothing does. Throws BUS_EXISTS where it is something else. */
function headerAt(path: string): Uint8Array | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return undefined
  if (found.isSymbolicLink()) throw new RunaError('BUS_EXISTS', `${path} is there already, and a link.`)
  if (!found.isFile()) throw new RunaError('BUS_EXISTS', `${path} is there already, and no file.`)
  const header = Buffer.alloc(HEADER_BYTES_READ)
  const fd = openSync(path, 'r')
  try {
    readSync(fd, header, 0, header.length, 0)
  } finally {
    closeSync(fd)
  }
  if (found.size > 0 && !isBusHeader(header)) {
    throw new RunaError('BUS_EXISTS', `${path} is there already, and no bus of Runa.`)
  }
  return header
}

/** As `removeSegment`. Throws BUS_EXISTS where something else than a bus lies there, and that stays. */
export function destroySegment(path: string): void {
  if (headerAt(path)) removeSegment(path)
}

/** Removes the file of a bus, and what the dead have left beside it. Whoever is attached keeps its mapping and its pipes. */
function removeSegment(path: string): void {
  const folder = dirname(path)
  const begins = `${basename(path)}.`
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(begins) || !PIPE.test(name.slice(begins.length))) continue
    if (!isRead(join(folder, name))) rmSync(join(folder, name), { force: true })
  }
  rmSync(path, { force: true })
}

/** Behind the name of the bus: which file, and what for. */
const PIPE = /^\d+\.(bell|life)-[\d-]+$/

/** Whether a living process has that pipe open. */
function isRead(pipe: string): boolean {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK))
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENXIO'
  }
}
