export type { Entry } from './entries.ts'
export { type Damage, type RecorderOptions, readRecord, recordBus } from './recorder.ts'
