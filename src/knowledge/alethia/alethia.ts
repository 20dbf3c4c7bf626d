import { type Feedback, type ForgetChoice, type MemoryFault, type Recalled, RunaError } from '#protocol'
import { createChanges, type Forgotten, type NewTurn } from './changes.ts'
import { CHANGES_WAITING_MAX } from './limits.ts'
import { decodeEntry } from './log/entry.ts'
import { lockFolder } from './log/folder-lock.ts'
import { createNoLog } from './log/no-log.ts'
import { openRecordLog, type RecordLog, type TakeRecord } from './log/record-log.ts'
import { copyMemory } from './log/snapshot.ts'
import { createLookUps, type LookUps } from './look-ups.ts'
import { createOffTheRecord } from './off-the-record.ts'
import type { RecallFilter } from './recall-index.ts'
import { createTurnTaking } from './turn-taking.ts'
import { createTurns } from './turns.ts'

export interface AlethiaOptions {
  /** 32 bytes. The caller may wipe it once the memory is open. Undefined: nothing is kept, and no disk is touched. */
  readonly masterKey: Uint8Array | undefined
  readonly nowMs?: () => number
  /** Called once the disk has failed in a way that only a new start finds out of. Must not throw. */
  readonly onBroken?: () => void
  /** How long a process may take to die that has the folder open. */
  readonly lockWaitMs?: number
  /** Called once turns are forgotten, so that what was derived from them goes as well. Must not throw. */
  readonly onForgotten?: (turns: readonly string[]) => void
}

export interface Summary {
  readonly turns: number
  readonly records: number
  readonly forgotten: number
  readonly days: number
  readonly head: string
}

interface MemoryState extends Summary {
  /** Whether there is a disk to keep turns on. */
  readonly kept: boolean
  /** Whether one more turn would be refused with MEMORY_FULL. */
  readonly full: boolean
  readonly offTheRecord: { readonly turnFits: boolean; readonly threadFits: boolean }
  readonly roomTodayBytes: number
  readonly faults: readonly MemoryFault[]
}

export interface Alethia extends LookUps {
  /** What was found amiss when the memory was opened, and does not keep the rest from working. */
  readonly faults: readonly MemoryFault[]
  /** Resolves once the turn is on the disk. Rejects with MEMORY_FULL, VERSION_CONFLICT, TURN_FORGOTTEN, DISK_FULL. */
  remember(turn: NewTurn): Promise<void>
  recall(query: string, filter?: RecallFilter, limit?: number): Recalled[]
  /** Rejects with TURN_UNKNOWN, TURN_FORGOTTEN. */
  feedback(turn: string, feedback: Omit<Feedback, 'at'>): Promise<void>
  /** Changes nothing without the right `confirm`. Rejects with VERSION_CONFLICT where it fits other turns. */
  forget(choice: ForgetChoice, confirm?: string): Promise<Forgotten>
  /** Lets go of a thread that is off the record. Throws THREAD_UNKNOWN. */
  closeThread(id: string): void
  summary(): Summary
  state(): Promise<MemoryState>
  verify(): Promise<Summary & { faults: readonly MemoryFault[] }>
  snapshot(folder: string): Promise<{ head: string; records: number; sizeBytes: number }>
  close(): Promise<void>
}

/**
 * Opens the memory in `folder`, and makes it where there is none. Rejects with MEMORY_IN_USE, MEMORY_LOCKED,
 * MEMORY_CORRUPT or JOURNAL_CORRUPT, and then what had been acknowledged is as it was. Without a key it opens without a
 * disk: what would change one rejects with MEMORY_OFF.
 */
export async function openAlethia(folder: string, options: AlethiaOptions): Promise<Alethia> {
  const { nowMs = Date.now, onForgotten = () => {}, masterKey } = options
  const turns = createTurns()
  const keyless = createKeylessList()
  const { log, release } = await openLog(folder, options, readInto(turns, keyless))
  const off = createOffTheRecord({ makesRoom: masterKey === undefined })
  const inTurn = createTurnTaking(CHANGES_WAITING_MAX)
  const openingFaults = keyless.faults(turns.condemned())
  const changes = createChanges({ log, turns, off, nowMs, onForgotten })
  await changes
    .destroyCondemned()
    .catch((error: Error) => openingFaults.push({ day: '', message: error.message }))

  function summary(): Summary {
    const { sequence, hash } = log.end()
    return {
      turns: turns.count(),
      records: sequence,
      forgotten: turns.forgotten(),
      days: log.days().length,
      head: hash.toString('hex'),
    }
  }

  return {
    faults: openingFaults,
    remember: (turn) => inTurn(() => changes.remember(turn)),
    recall: (query, filter = {}, limit = 10) => turns.recall(query, filter, limit),
    feedback: (turn, feedback) => inTurn(() => changes.feedback(turn, feedback)),
    forget: (choice, confirm) => inTurn(() => changes.forget(choice, confirm)),
    ...createLookUps(log, turns, off),
    closeThread(id) {
      off.close(id)
    },
    summary,
    state: async () => ({
      ...summary(),
      kept: masterKey !== undefined,
      full: turns.isFull(),
      offTheRecord: off.room(),
      roomTodayBytes: await log.roomTodayBytes(),
      faults: openingFaults,
    }),
    verify: () =>
      inTurn(async () => {
        const again = createKeylessList()
        await log.verify((sequence, content, day) => {
          if (content === undefined) again.add(sequence, day)
          else decodeEntry(content)
        })
        return { ...summary(), faults: again.faults(turns.condemned()) }
      }),
    snapshot: (target) =>
      inTurn(async () => {
        if (masterKey === undefined) throw new RunaError('MEMORY_OFF')
        const sizeBytes = await copyMemory(folder, target)
        const { head, records } = summary()
        return { head, records, sizeBytes }
      }),
    close: () =>
      inTurn(async () => {
        await log.close()
        await release()
      }),
  }
}

async function openLog(
  folder: string,
  { masterKey, nowMs, onBroken, lockWaitMs }: AlethiaOptions,
  take: TakeRecord,
): Promise<{ log: RecordLog; release: () => Promise<void> }> {
  if (masterKey === undefined) return { log: createNoLog(), release: async () => {} }
  const { release } = await lockFolder(folder, lockWaitMs)
  try {
    return {
      log: await openRecordLog(folder, masterKey, take, {
        ...(nowMs && { nowMs }),
        ...(onBroken && { onBroken }),
      }),
      release,
    }
  } catch (error) {
    await release()
    throw error
  }
}

/** Records that nothing opens. Those that somebody wished away are as they should be. */
function createKeylessList() {
  const keyless: { readonly sequence: number; readonly day: string }[] = []
  return {
    add: (sequence: number, day: string) => keyless.push({ sequence, day }),
    faults: (condemned: ReadonlySet<number>): MemoryFault[] =>
      keyless
        .filter(({ sequence }) => !condemned.has(sequence))
        .map(({ sequence, day }) => ({ day, message: `The key of record ${sequence} is missing.` })),
  }
}

function readInto(
  turns: ReturnType<typeof createTurns>,
  keyless: ReturnType<typeof createKeylessList>,
): TakeRecord {
  return (sequence, content, day) => {
    if (content === undefined) {
      keyless.add(sequence, day)
      return
    }
    const entry = decodeEntry(content)
    if (entry) turns.take(entry, sequence)
  }
}
