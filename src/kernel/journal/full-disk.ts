import { RunaError } from '#protocol'

/** No room, over the quota, over the size that the system allows for a file. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** A full disk has a code of its own, since a person can do something about it. Any other fault stays what it is. */
export function explainFullDisk(cause: unknown, message?: string): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return FULL.includes(code) ? new RunaError('DISK_FULL', message, { cause }) : cause
}
