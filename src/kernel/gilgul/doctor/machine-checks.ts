import { accessSync, constants, readFileSync } from 'node:fs'
import type { Config } from '#kernel/config'
import { missingPowers, type SeclusionPowers, seclusionPowers, weakPowers } from '#kernel/seclusion'
import { findPortHolder, memoryGroupOf, readMemoryRoom, tryCalls } from '#kernel/sys'
import { ERRORS } from '#protocol'
import { ROOM_BYTES_MIN } from '../diagnosis/evidence.ts'
import { findRoom } from '../diagnosis/readings.ts'
import { doubtful, type Finding, well, wrong } from './finding.ts'

const MEBIBYTE = 2 ** 20
/** Below this, a disk or a memory is soon full. */
const ROOM_WELL_BYTES = 256 * MEBIBYTE

export function checkDisk(folders: readonly string[]): Finding[] {
  return folders.flatMap(findRoom).map(({ folder, freeBytes }) => {
    const text = `${inMebibytes(freeBytes)} are free in ${folder}.`
    if (freeBytes < ROOM_BYTES_MIN) return wrong('disk', 'disk-full', text, ERRORS.DISK_FULL.advice)
    return freeBytes < ROOM_WELL_BYTES ? doubtful('disk', text, 'Make room on the disk.') : well('disk', text)
  })
}

/** Where the bus lies. One that is there already has its room. */
export function checkSharedMemory({ folder, sizeBytes }: Config['bus'], isRunning: boolean): Finding[] {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch {
    const advice = 'Name a folder of shared memory that this user may write in: `bus.folder` in runa.yaml.'
    return [wrong('shared memory', 'permission', `The bus cannot be made in ${folder}.`, advice)]
  }
  return findRoom(folder).map(({ freeBytes }) => {
    const text = `${inMebibytes(freeBytes)} are free in ${folder}; the bus takes ${inMebibytes(sizeBytes)}.`
    if (isRunning || freeBytes >= sizeBytes) return well('shared memory', text)
    return wrong(
      'shared memory',
      'disk-full',
      text,
      'Make it larger, or `bus.sizeBytes` in runa.yaml smaller.',
    )
  })
}

const LIMITS = {
  machine: 'of this machine',
  cgroup: 'within the limit of the cgroup',
  rlimit: 'within the limit of the address space',
} as const

export function checkMemory(): Finding[] {
  const { freeBytes, totalBytes, limitedBy } = readMemoryRoom()
  const text = `${inMebibytes(freeBytes)} of ${inMebibytes(totalBytes)} are free ${LIMITS[limitedBy]}.`
  if (freeBytes >= ROOM_WELL_BYTES) return [well('memory', text)]
  return [wrong('memory', 'out-of-memory', text, 'Close other programs.')]
}

export function checkKernel(): Finding[] {
  try {
    tryCalls()
  } catch (error) {
    const { means, advice } = ERRORS.SYSTEM_UNFIT
    return [wrong('system', 'permission', `${means} ${(error as Error).message}`, advice)]
  }
  const release = readText('/proc/sys/kernel/osrelease').trim()
  const group = memoryGroupOf('self')
  const counted = group ? `memory is counted by cgroup v${group.version}` : 'memory is counted by no cgroup'
  return [well('system', `Linux ${release}; ${counted}.`)]
}

/** Without it models, and services that meet strangers, run as any other program of this user. */
export function checkWalls(powers: SeclusionPowers = seclusionPowers()): Finding[] {
  const missing = missingPowers(powers)
  if (missing.length > 0) {
    const advice =
      'A kernel of Debian 12 or later, or of a current Fedora, has both; docs/guides/isolation.md says more.'
    const text = `Models and services cannot be kept from files and the network: ${missing.join('; ')}.`
    return [doubtful('walls', text, advice)]
  }
  const weak = weakPowers(powers)
  const lacks = weak.length === 0 ? '' : ` A newer kernel would do more. In this one: ${weak.join('; ')}.`
  return [
    well(
      'walls',
      `The kernel can keep services apart (Landlock ${powers.landlock}, a filter for calls).${lacks}`,
    ),
  ]
}

/** 0 takes any free one. */
export async function checkPort(port: number): Promise<Finding[]> {
  if (port === 0) return []
  const holder = await findPortHolder(port)
  if (!holder) return [well('port', `Nobody is seen to listen on port ${port}.`)]
  const text = `${holder.name} (process ${holder.pid}) listens on port ${port}, where the page is to be.`
  return [wrong('port', 'port-taken', text, ERRORS.PORT_BUSY.advice)]
}

function inMebibytes(bytes: number): string {
  return `${Math.floor(bytes / MEBIBYTE)} MiB`
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
