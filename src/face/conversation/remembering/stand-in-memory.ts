import {
  type AnswerRecord,
  type alethiaContract,
  type Handlers,
  type Recalled,
  type RememberedTurn,
  RunaError,
} from '#protocol'

type Operations = Handlers<typeof alethiaContract>

interface Kept {
  readonly turn: RememberedTurn
  readonly record: AnswerRecord | undefined
  readonly offTheRecord: boolean
}

interface Store {
  readonly kept: Kept[]
  readonly forgotten: Set<string>
  /** What a test wants to be recalled. */
  readonly recalled: Recalled[]
  /** Whether there is a disk. */
  hasDisk: boolean
  isFull: boolean
}

/** What the tests of conversation need of a memory: it keeps turns in order, and recalls what a test puts into it. */
export interface StandInMemory extends Store {
  readonly handlers: Partial<Operations>
}

const ROOM = { turnFits: true, threadFits: true }
const NO_SUMMARY = { turns: 0, records: 0, forgotten: 0, days: 0, head: '', roomTodayBytes: 2 ** 26 }

export function createStandInMemory(): StandInMemory {
  const store: Store = { kept: [], forgotten: new Set(), recalled: [], hasDisk: true, isFull: false }
  return Object.assign(store, {
    handlers: { ...writing(store), ...readingThreads(store), ...readingTurns(store) },
  })
}

const turnsOf = ({ kept }: Store, thread: string) => kept.filter(({ turn }) => turn.thread === thread)

function drop(store: Store, thread: string): void {
  const { kept, forgotten } = store
  for (const { turn, offTheRecord } of turnsOf(store, thread)) if (!offTheRecord) forgotten.add(turn.id)
  kept.splice(0, kept.length, ...kept.filter(({ turn }) => turn.thread !== thread))
}

function describe(store: Store, id: string) {
  const turns = turnsOf(store, id)
  const [first] = turns
  if (!first) throw new RunaError('THREAD_UNKNOWN')
  const title = first.turn.utterances[0]?.text ?? ''
  const updatedAt = turns.at(-1)?.turn.at ?? 0
  return { id, title, turns: turns.length, updatedAt, offTheRecord: first.offTheRecord }
}

function writing(store: Store): Partial<Operations> {
  const { kept } = store
  return {
    async remember({ record, offTheRecord, at = 0, ...turn }) {
      if (!store.hasDisk && !offTheRecord) throw new RunaError('MEMORY_OFF')
      if (store.forgotten.has(turn.id)) throw new RunaError('TURN_FORGOTTEN')
      if (kept.some((other) => other.turn.id === turn.id)) return {}
      kept.push({ turn: { ...turn, at }, record, offTheRecord })
      return {}
    },
    async forget({ choice: { thread = '' }, confirm }) {
      const turns = turnsOf(store, thread)
        .filter(({ offTheRecord }) => !offTheRecord)
        .map(({ turn }) => turn)
      if (confirm !== undefined) drop(store, thread)
      return { turns, total: turns.length, confirm: 'yes', done: confirm !== undefined }
    },
    async close({ thread }) {
      if (!turnsOf(store, thread)[0]?.offTheRecord) throw new RunaError('THREAD_UNKNOWN')
      drop(store, thread)
      return {}
    },
  }
}

function readingThreads(store: Store): Partial<Operations> {
  return {
    state: async () => ({
      ...NO_SUMMARY,
      kept: store.hasDisk,
      full: store.isFull,
      offTheRecord: ROOM,
      faults: [],
    }),
    async threads({ limit }) {
      const ids = [...new Set(store.kept.map(({ turn }) => turn.thread))].reverse()
      return { threads: ids.map((id) => describe(store, id)).slice(0, limit) }
    },
    thread: async ({ id }) => ({
      thread: describe(store, id),
      turns: turnsOf(store, id).map(({ turn }) => turn),
      omitted: 0,
    }),
    async *records({ thread, before }) {
      const turns = turnsOf(store, thread)
      const end = before === undefined ? turns.length : turns.findIndex(({ turn }) => turn.id === before)
      for (let older = end - 1; older >= 0; older -= 1) {
        const { turn, record } = turns[older] as Kept
        yield { turn, ...(record && { record }), older }
      }
    },
  }
}

function readingTurns({ kept, forgotten, recalled }: Store): Partial<Operations> {
  return {
    recall: async () => ({ recalled }),
    async turns({ ids }) {
      const found = kept.filter(({ turn }) => ids.includes(turn.id)).map(({ turn }) => turn)
      const gone = ids.filter((id) => forgotten.has(id))
      const unknown = ids.filter((id) => !gone.includes(id) && !found.some((turn) => turn.id === id))
      return { turns: found, forgotten: gone, unknown, left: [] }
    },
    async answer({ id }) {
      if (forgotten.has(id)) throw new RunaError('TURN_FORGOTTEN')
      const record = kept.find(({ turn }) => turn.id === id)?.record
      if (!record) throw new RunaError('TURN_UNKNOWN')
      return { record }
    },
  }
}
