import { lstatSync, type StatsFs, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolders } from '#kernel/sys'
import { RunaError } from '#protocol'

/**
 * File systems whose files several machines may change, by the magic numbers of statfs(2): memory that is mapped there is
 * not shared with the others, and locks say nothing of them. FUSE among them, since it does not tell what is behind it.
 */
const UNFIT = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff53_4d42, 'CIFS'],
  [0xfe53_4d42, 'SMB'],
  [0x0102_1997, '9P'],
  [0x00c3_6400, 'Ceph'],
  [0x5346_414f, 'AFS'],
  [0x6b41_4653, 'AFS'],
  [0x7375_7245, 'Coda'],
  [0x0bd0_0bd0, 'Lustre'],
  [0x1983_0326, 'BeeGFS'],
  [0x4750_4653, 'GPFS'],
  [0x0116_1970, 'GFS2'],
  [0x7461_636f, 'OCFS2'],
  [0x786f_4256, 'a shared folder of VirtualBox'],
  [0xbacb_acbc, 'a shared folder of VMware'],
  [0x6573_5546, 'FUSE'],
])

/**
 * Makes the folder of a bus where there is none. Throws BUS_FORBIDDEN where others may enter it, or somebody else has put
 * something in its place, and BUS_PLACE_UNFIT on file systems of several machines.
 */
export function prepareFolder(path: string): void {
  const folder = dirname(path)
  try {
    makeFolders(folder)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const message = `The bus has no folder: ${folder} cannot be made (${code}).`
    throw new RunaError(code === 'ENOSPC' ? 'BUS_NO_SPACE' : 'BUS_FORBIDDEN', message, { cause })
  }
  refuseIfShared(folder)
  refuseUnfit(folder, statfsSync(folder))
}

/** Throws BUS_FORBIDDEN: whoever may enter the folder could put a bus of their own in the place of this one. */
export function refuseIfShared(folder: string, own = process.getuid?.()): void {
  const link = lstatSync(folder)
  if (link.isSymbolicLink() && link.uid !== own && link.uid !== 0) {
    throw new RunaError('BUS_FORBIDDEN', `${folder} is a link that another user made (uid ${link.uid}).`)
  }
  const { uid, mode } = statSync(folder)
  if (uid !== own) {
    throw new RunaError(
      'BUS_FORBIDDEN',
      `The bus needs a folder that others may not enter: ${folder} belongs to another user (uid ${uid}).`,
    )
  }
  if ((mode & 0o077) !== 0) {
    throw new RunaError(
      'BUS_FORBIDDEN',
      `The bus needs a folder that others may not enter: ${folder} is open to them.`,
    )
  }
}

/** Throws BUS_PLACE_UNFIT. */
export function refuseUnfit(place: string, { type }: Pick<StatsFs, 'type'>): void {
  const name = UNFIT.get(type >>> 0)
  if (name === undefined) return
  throw new RunaError('BUS_PLACE_UNFIT', `A bus cannot be kept on ${name}, where ${place} lies.`)
}

/** Asked first, since taking all that is left, only to give it back, would hurt whoever else needs some. */
export function refuseWithoutRoom(path: string, sizeBytes: number): void {
  const { bavail, bsize, blocks } = statfsSync(dirname(path))
  // Some file systems, unlimited ones among them, do not say how large they are.
  if (blocks > 0 && bavail * bsize < sizeBytes) throw noSpace(path, sizeBytes)
}

function noSpace(path: string, sizeBytes: number, cause?: unknown): RunaError {
  const { bavail, bsize } = statfsSync(dirname(path))
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  return new RunaError(
    'BUS_NO_SPACE',
    `The bus needs ${mebibytes(sizeBytes)} MiB, and ${dirname(path)} has ${mebibytes(bavail * bsize)} MiB free.`,
    { cause },
  )
}

/** What a refusal of the system means here, by the name of its error; undefined where it says nothing of its own. */
export function refusalOf(path: string, sizeBytes: number, cause: unknown): RunaError | undefined {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return noSpace(path, sizeBytes, cause)
    case 'EFBIG':
      return new RunaError(
        'BUS_NO_SPACE',
        `A file of ${sizeBytes} bytes is more than this process may write, or its file system can keep: ${path}.`,
        { cause },
      )
    case 'ENOMEM':
      return new RunaError(
        'BUS_NO_SPACE',
        `The memory that this process may use has no room for the ${sizeBytes} bytes of ${path}.`,
        { cause },
      )
    case 'EOPNOTSUPP':
    case 'ENODEV':
      return new RunaError(
        'BUS_PLACE_UNFIT',
        `The file system of ${path} cannot set room aside, or map memory.`,
        { cause },
      )
    default:
      return undefined
  }
}
