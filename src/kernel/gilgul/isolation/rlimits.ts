import type { Machine } from './machine.ts'
import type { Isolation, Limits } from './settings.ts'

const WORD: Readonly<Record<keyof Limits, string>> = {
  memoryBytes: 'memory',
  tasks: 'processes',
  processors: 'processors',
}

export function sayLack(what: keyof Limits): string {
  return `no limit of ${WORD[what]}: Runa may make no control groups here`
}

/** Where there are no groups: what the kernel can hold a single process to, by prlimit before it begins. */
export function rlimitsFor(
  limits: Limits,
  isolation: Isolation,
  machine: Machine,
): { words: string[]; missing: string[] } {
  const { memoryBytes, tasks } = limits
  const options: string[] = []
  const missing: string[] = []
  const prlimit = machine.find('prlimit')
  const lack = (what: keyof Limits) => missing.push(sayLack(what))
  // Address space would be no measure: it is reserved by the gigabyte, and never used.
  if (memoryBytes !== undefined && prlimit) options.push(`--data=${memoryBytes}`)
  else if (memoryBytes !== undefined) lack('memoryBytes')
  // The kernel counts by user: with the one of Runa, other programs of that user would be counted as well.
  if (tasks !== undefined && prlimit && isolation.kind === 'user') options.push(`--nproc=${tasks}`)
  else if (tasks !== undefined) lack('tasks')
  if (limits.processors !== undefined) lack('processors')
  return { words: prlimit && options.length > 0 ? [prlimit, ...options, '--'] : [], missing }
}
