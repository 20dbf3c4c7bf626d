import type { Handlers, tietoContract } from '#protocol'
import { ANSWER_BYTES_MAX } from './limits.ts'
import { deleteOriginals } from './originals.ts'
import type { Tieto } from './tieto.ts'

/** The library behind the contract. What is removed takes its original in `keptFolder` with it. */
export function createTietoHandlers(tieto: Tieto, keptFolder: string): Handlers<typeof tietoContract> {
  return {
    ingest: ({ topic, paths, texts }, { signal }) => tieto.ingest(topic, { paths, texts }, signal),

    async search({ topics, query, ...options }) {
      const { passages, match } = await tieto.search(topics, query, options)
      return { passages: fitting(passages), match }
    },

    async read({ topic, document, start, end, beforeBytes, afterBytes }) {
      const found = await tieto.read(topic, document, { start, end }, { beforeBytes, afterBytes })
      return { topic, document, ...found }
    },

    topics: async () => ({ topics: await tieto.topics() }),

    async documents({ topic, offset, limit }) {
      const documents = await tieto.documents(topic)
      return { documents: fitting(documents.slice(offset, offset + limit)), total: documents.length }
    },

    async remove({ topic, document }) {
      const documents = await tieto.documents(topic)
      const gone = documents.filter((stored) => document === undefined || stored.document === document)
      const removed = await tieto.remove(topic, document)
      const sources = gone.map(({ source }) => source)
      await deleteOriginals(keptFolder, sources)
      return removed
    },
  }
}

/** As many of the first items as one message holds; front matter may be long, and its documents many. */
function fitting<Item>(items: readonly Item[]): Item[] {
  let sizeBytes = 0
  return items.filter((item, index) => {
    sizeBytes += Buffer.byteLength(JSON.stringify(item))
    return index === 0 || sizeBytes <= ANSWER_BYTES_MAX
  })
}
