import { type Controller, tryWrite, wordsOf } from './group-tree.ts'
import type { Limits } from './settings.ts'

/** The path of a file of a group. */
export type FileOf = (controller: Controller, file: string) => string

type Version = 1 | 2

/** Of processor time, in microseconds: over so long a time its share is measured. */
const PERIOD_US = 100_000
/** A group of version 1 without a limit of memory says more than this. */
const NO_LIMIT_BYTES = 2 ** 60

/** False where it could not be set. */
export function setLimit(version: Version, fileOf: FileOf, limit: keyof Limits, value: number): boolean {
  if (limit === 'tasks') return tryWrite(fileOf('pids', 'pids.max'), String(value))
  if (limit === 'memoryBytes') return setMemory(version, (file) => fileOf('memory', file), value)
  const quotaUs = Math.round(value * PERIOD_US)
  if (version === 2) return tryWrite(fileOf('cpu', 'cpu.max'), `${quotaUs} ${PERIOD_US}`)
  return (
    tryWrite(fileOf('cpu', 'cpu.cfs_period_us'), String(PERIOD_US)) &&
    tryWrite(fileOf('cpu', 'cpu.cfs_quota_us'), String(quotaUs))
  )
}

/** What goes to swap counts as well. Where there is none, or the kernel does not count it, there is no such file. */
function setMemory(version: Version, pathOf: (file: string) => string, value: number): boolean {
  const isSet = tryWrite(pathOf(version === 2 ? 'memory.max' : 'memory.limit_in_bytes'), String(value))
  if (version === 2) tryWrite(pathOf('memory.swap.max'), '0')
  else tryWrite(pathOf('memory.memsw.limit_in_bytes'), String(value))
  return isSet
}

/** The limits that the kernel has for a group. */
export function readLimits(version: Version, fileOf: FileOf): Limits {
  // A word such as max is no number, and no limit.
  const numbers = (controller: Controller, file: string) => wordsOf(fileOf(controller, file)).map(Number)
  const [memoryBytes = Number.NaN] = numbers('memory', version === 2 ? 'memory.max' : 'memory.limit_in_bytes')
  const [tasks = Number.NaN] = numbers('pids', 'pids.max')
  const [quotaUs = Number.NaN, periodUs = PERIOD_US] =
    version === 2
      ? numbers('cpu', 'cpu.max')
      : [...numbers('cpu', 'cpu.cfs_quota_us'), ...numbers('cpu', 'cpu.cfs_period_us')]
  return {
    ...(memoryBytes < NO_LIMIT_BYTES ? { memoryBytes } : {}),
    ...(tasks > 0 ? { tasks } : {}),
    ...(quotaUs > 0 ? { processors: quotaUs / periodUs } : {}),
  }
}
