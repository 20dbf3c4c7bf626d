export { isByteLocked, lockByte, unlockByte } from './byte-lock.ts'
export { adoptOrphans, childPids, type ExitStatus, reapChild } from './child.ts'
export { sinceBootMs } from './clock.ts'
export { type Execution, replaceProcess } from './execute.ts'
export { makeFifo } from './fifo.ts'
export { removeStart } from './file-start.ts'
export { canFilterCalls } from './filter-calls.ts'
export { makeFolders } from './folders.ts'
export { futexWait, futexWake } from './futex.ts'
export { type GuardedMemory, type MemoryGuard, mapGuardedMemory } from './guarded-memory.ts'
export { wasKilledForMemory } from './kernel-log.ts'
export { type LandlockRules, landlockVersion } from './landlock.ts'
export { openLeash, tieLeash } from './leash.ts'
export { tryCalls } from './libc.ts'
export { allocateFile, mapFile } from './memory.ts'
export {
  type MemoryRoom,
  memoryGroupOf,
  memoryKillsIn,
  parseMeminfo,
  readMemoryRoom,
} from './memory-group.ts'
export { type GcmParts, openGcm } from './open-gcm.ts'
export { createPipe } from './pipe.ts'
export { findPortHolder } from './port-holder.ts'
export {
  childStartTicks,
  closeDebugger,
  forbidCoreDumps,
  isPaused,
  isProcessAlive,
  parentPid,
  processExists,
  processSession,
  processStartTicks,
  processTicks,
  setParentDeathSignal,
  setUndumpable,
  tracerOf,
} from './process.ts'
export { openProcess, type ProcessHandle } from './process-handle.ts'
export { releaseMemory } from './release-memory.ts'
export { createSealedMemory, isSealedMemory } from './sealed-memory.ts'
export { type Seclusion, secludedWords } from './seclude/seclusion.ts'
export { createSocketPair, socketDescriptor, socketMaker } from './socket-pair.ts'
export { createRestlessness, createSpin, RESTLESS_MS } from './spin.ts'
export { isOfThisUser, listenForUser } from './user-door.ts'
