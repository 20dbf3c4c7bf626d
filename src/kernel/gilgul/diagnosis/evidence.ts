import type { ErrorCode, FailureCause } from '#protocol'
import type { Exit } from '../keeping/launch.ts'

/** What the last words of a process tell. */
export interface LastWords {
  /** Undefined where it did not say. */
  readonly code: ErrorCode | undefined
  /** The sentence that went with the code; empty without one. */
  readonly sentence: string
  readonly advice: string
  /** The line that tells most; undefined where it said nothing. */
  readonly line: string | undefined
  /** What a known wording means, whichever language the program is written in. */
  readonly hint: Hint | undefined
  /** That is named beside the fault. */
  readonly path: string | undefined
  readonly port: number | undefined
}

export type Hint =
  | 'address-in-use'
  | 'no-such-file'
  | 'forbidden'
  | 'no-room'
  | 'no-memory'
  | 'too-many'
  | 'refused-by-peer'
  | 'bad-setting'
  | 'bad-model'
  | 'thrown'

interface FileFinding {
  readonly path: string
  readonly state: 'there' | 'missing' | 'forbidden'
}

export interface ModelFinding {
  readonly path: string
  readonly state: 'whole' | 'missing' | 'forbidden' | 'no-model' | 'cut'
}

interface NeedFinding {
  readonly name: string
  readonly isRunning: boolean
}

export interface PortFinding {
  readonly port: number
  /** Undefined where nobody listens by now, or where it cannot be seen. */
  readonly holder: { readonly pid: number; readonly name: string; readonly isOrphan: boolean } | undefined
}

export interface DiskFinding {
  readonly folder: string
  readonly freeBytes: number
}

/** Why gilgul ended it by force. */
export interface Verdict {
  readonly kind: 'late' | 'silent'
  readonly sentence: string
  /** Somebody had stopped it with a signal, and not let it go on. */
  readonly wasPaused: boolean
}

/** All that is known of one death. */
export interface Evidence {
  readonly name: string
  readonly isModel: boolean
  readonly exit: Exit
  readonly verdict: Verdict | undefined
  readonly wasReady: boolean
  readonly words: LastWords
  /** How often the kernel ended a process of its memory group for want of memory, since it was born. */
  readonly memoryKills: number
  /** The kernel's own log names this very process. */
  readonly kernelNamedIt: boolean
  /** What the kernel says where it ended a service, or a part of it, for its own limit. */
  readonly atLimit?: string | undefined
  readonly needs: readonly NeedFinding[]
  readonly file: FileFinding | undefined
  readonly model: ModelFinding | undefined
  readonly port: PortFinding | undefined
  /** Where it writes. */
  readonly disks: readonly DiskFinding[]
}

export interface Diagnosis {
  readonly cause: FailureCause
  /** A sentence or more: what was seen. */
  readonly because: string
  /** What a person can do; empty where nothing is known. */
  readonly advice: string
}

/** With less than this, hardly anything can be written any more. */
export const ROOM_BYTES_MIN = 2 ** 20
