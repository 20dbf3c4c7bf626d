// The process that outlives gilgul enters here, and is to stay small: nothing of this may load what only gilgul needs.
export type { AncestorCoven, AncestorOptions } from './ancestry/ancestor.ts'
export { findOccupant, runAncestor } from './ancestry/ancestor.ts'
export type { Failure, Report } from './ancestry/report.ts'
export type { Finding } from './doctor/finding.ts'
export { readHistory } from './history/history-file.ts'
export type { Identity } from './identity.ts'
export { isAlive, signalTo } from './identity.ts'
export { logPath } from './keeping/launch.ts'
export type { RunFiles, RunState } from './run-state/run-state.ts'
export { readRunState, runFiles } from './run-state/run-state.ts'

/** What reads specifications is large, and few want it. */
export const loadPlan = async () => ({
  ...(await import('./own/plan.ts')),
  ...(await import('#kernel/config')),
})

/** What looks for faults is large, and few want it. */
export const loadDoctor = () => import('./doctor/doctor.ts')
