import type { alethiaContract, Handlers } from '#protocol'
import type { Alethia } from './alethia.ts'
import { ANSWER_BYTES_MAX, SPEAKERS_LISTED_MAX } from './limits.ts'
import { endBefore } from './look-ups.ts'

/** The library behind the contract. */
export function createAlethiaHandlers(alethia: Alethia): Handlers<typeof alethiaContract> {
  return {
    async remember(turn) {
      await alethia.remember(turn)
      return {}
    },
    recall: async ({ query, limit, ...filter }) => ({
      recalled: fitting(alethia.recall(query, filter, limit)),
    }),
    async feedback({ turn, ...feedback }) {
      await alethia.feedback(turn, feedback)
      return {}
    },
    async forget({ choice, confirm }) {
      const { turns, ...forgotten } = await alethia.forget(choice, confirm)
      return { ...forgotten, turns: fitting(turns), total: turns.length }
    },
    forgottenAmong: async ({ turns }) => ({ turns: alethia.forgottenAmong(turns) }),
    turn: async ({ id }) => alethia.turn(id),
    answer: ({ id }) => alethia.answer(id),
    async turns({ ids }) {
      const { found, forgotten, unknown } = alethia.turnsOf(ids)
      const turns = fitting(found.map(({ turn, feedback }) => ({ ...turn, ...(feedback && { feedback }) })))
      const left = found.slice(turns.length).map(({ turn }) => turn.id)
      return { turns, forgotten: [...forgotten], unknown: [...unknown], left }
    },
    records: ({ thread, before }) => alethia.records(thread, before),
    async state() {
      const { faults, ...state } = await alethia.state()
      return { ...state, faults: fitting(faults) }
    },
    async timeline({ limit, ...filter }) {
      const all = alethia.timeline(filter)
      const turns = fitting(
        all.slice(0, limit).map(({ turn, feedback }) => ({ ...turn, ...(feedback && { feedback }) })),
      )
      const named = new Set(turns.map(({ thread }) => thread))
      const threads = [...named].map((id) => alethia.thread(id).thread)
      return {
        turns,
        omitted: all.length - turns.length,
        threads,
        speakers: alethia.speakers().slice(0, SPEAKERS_LISTED_MAX),
      }
    },
    threads: async ({ limit }) => ({ threads: alethia.threads().slice(0, limit) }),
    async thread({ id, before, turnsMax }) {
      const { thread, turns } = alethia.thread(id)
      const end = endBefore(turns, before)
      const newest = fitting(turns.slice(0, end).reverse().slice(0, turnsMax)).reverse()
      return { thread, turns: newest, omitted: end - newest.length }
    },
    async close({ thread }) {
      alethia.closeThread(thread)
      return {}
    },
    async verify() {
      const { faults, ...summary } = await alethia.verify()
      return { ...summary, faults: fitting(faults) }
    },
    snapshot: ({ folder }) => alethia.snapshot(folder),
  }
}

/** As many of the first items as one message holds. */
function fitting<Item>(items: readonly Item[]): Item[] {
  let sizeBytes = 0
  const end = items.findIndex((item, index) => {
    sizeBytes += Buffer.byteLength(JSON.stringify(item))
    return index > 0 && sizeBytes > ANSWER_BYTES_MAX
  })
  return items.slice(0, end < 0 ? items.length : end)
}
