import { type AnswerRecord, type CallContext, type RememberedTurn, RunaError } from '#protocol'
import { patiently } from '../patience.ts'
import type { Alethia } from './alethia-client.ts'
import { MARKS } from './marks.ts'
import { PASSING_FOR_KEEPING } from './patient-memory.ts'
import { rememberedOf, TURN_BYTES_MAX } from './remembered-turn.ts'
import type { RunningThreads } from './running.ts'

const KEEPING_PATIENCE_MS = 30_000
const KEEPING_TIMEOUT_MS = 10_000
const DAY_FULL = 'No more is kept today: what is sealed on one day has a limit. Tomorrow there is room again.'
const FORGET_ATTEMPTS = 5

/** A thread as a new turn finds it. */
export interface Past {
  /** As many of the newest as one message holds, oldest first. */
  readonly turns: readonly RememberedTurn[]
  readonly offTheRecord: boolean
  /** Whether there is a memory that keeps anything. */
  readonly kept: boolean
  /** Whether to look into other threads. */
  readonly recall: boolean
}

interface Wishes {
  readonly thread?: string | undefined
  /** The thread may be new, though its id is given. */
  readonly begin: boolean
  readonly offTheRecord?: boolean | undefined
  readonly memory?: boolean | undefined
}

/** Where turns are kept: alethia, with patience for its restarts. */
export interface Memory {
  /** Rejects with THREAD_UNKNOWN, MEMORY_FULL, BAD_INPUT. */
  begin(wishes: Wishes, context: CallContext): Promise<Past>
  /** Resolves once alethia has it on the disk, or holds it where it is off the record. */
  keep(thread: string, record: AnswerRecord, past: Pick<Past, 'offTheRecord' | 'recall'>): Promise<void>
  /** Forgets every turn of it, or closes it. What is just being said in it is not kept. Rejects with THREAD_UNKNOWN. */
  remove(thread: string): Promise<void>
  /** Lets go of one that is off the record, and of what is just being said in it. Rejects with THREAD_UNKNOWN. */
  close(thread: string): Promise<void>
}

export function createMemory(alethia: Alethia, running: RunningThreads): Memory {
  async function keep(thread: string, record: AnswerRecord, past: Pick<Past, 'offTheRecord' | 'recall'>) {
    const turn = { ...rememberedOf(thread, record, past.recall), offTheRecord: past.offTheRecord }
    // Without the signal: what was said is kept, also where somebody stopped listening.
    const { signal } = new AbortController()
    const patience = { patienceMs: KEEPING_PATIENCE_MS, codes: PASSING_FOR_KEEPING, signal }
    await patiently(() => alethia.remember(turn, { timeoutMs: KEEPING_TIMEOUT_MS }), patience)
  }

  async function withoutRunning(thread: string, end: () => Promise<void>): Promise<void> {
    const takeBack = running.remove(thread)
    try {
      await end()
    } catch (error) {
      // Where its first answer is on the way, the memory does not know it yet: that answer belongs nowhere.
      if (running.isRemoved(thread) && isUnknown(error)) return
      takeBack()
      throw error
    }
  }

  return {
    async begin({ thread: id, begin, offTheRecord, memory }, { signal, trace }) {
      const options = { signal, trace }
      const [state, found] = await Promise.all([
        alethia.state({}, options),
        id === undefined ? undefined : alethia.thread({ id }, options).catch(unlessNew(begin)),
      ])
      // Where nothing is kept, every thread is off the record, whatever somebody asks for.
      const wished = state.kept ? offTheRecord : undefined
      if (found && wished !== undefined && wished !== found.thread.offTheRecord) {
        throw new RunaError('BAD_INPUT', 'A thread is on the record or off it as a whole.')
      }
      const off = found?.thread.offTheRecord ?? (offTheRecord === true || !state.kept)
      // Now, and not once the answer is there.
      const { turnFits, threadFits } = state.offTheRecord
      const fits = off ? (found ? turnFits : threadFits) : !state.full
      if (!fits) throw new RunaError('MEMORY_FULL')
      if (!off && state.roomTodayBytes < TURN_BYTES_MAX) throw new RunaError('JOURNAL_FULL', DAY_FULL)
      const turns = found?.turns ?? []
      const before = !(turns.at(-1)?.marks?.includes(MARKS.withoutMemory) ?? false)
      return { turns, offTheRecord: off, kept: state.kept, recall: !off && (memory ?? before) }
    },
    async keep(thread, record, past) {
      const gone = () => {
        if (!running.isRemoved(thread)) return
        throw new RunaError('THREAD_UNKNOWN', 'The thread was removed while it was being answered.')
      }
      gone()
      await keep(thread, record, past)
      if (running.isRemoved(thread)) await forgetThread(alethia, thread).catch(() => {})
      gone()
    },
    remove: (thread) => withoutRunning(thread, () => forgetThread(alethia, thread)),
    async close(thread) {
      await refuseOnTheRecord(alethia, thread)
      await withoutRunning(thread, async () => void (await alethia.close({ thread })))
    },
  }
}

function unlessNew(begin: boolean): (error: unknown) => undefined {
  return (error) => {
    if (!begin || !isUnknown(error)) throw error
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof RunaError && error.code === 'THREAD_UNKNOWN'
}

/** Before anything is taken away: one on the record is forgotten, and not closed. */
async function refuseOnTheRecord(alethia: Alethia, id: string): Promise<void> {
  const known = await alethia.thread({ id, turnsMax: 1 }).catch(unlessNew(true))
  if (known?.thread.offTheRecord === false) {
    throw new RunaError('THREAD_UNKNOWN', 'There is no such thread off the record.')
  }
}

/** A turn that comes in between is forgotten as well. */
async function forgetThread(alethia: Alethia, thread: string): Promise<void> {
  const choice = { thread }
  for (let attempt = 1; ; attempt += 1) {
    const { total, confirm } = await alethia.forget({ choice })
    if (total === 0) return void (await alethia.close({ thread }))
    try {
      return void (await alethia.forget({ choice, confirm }))
    } catch (error) {
      const outdated = error instanceof RunaError && error.code === 'VERSION_CONFLICT'
      if (!outdated || attempt >= FORGET_ATTEMPTS) throw error
    }
  }
}
