import { conversationContract } from '#protocol'
import { withRuna } from '../connection.ts'
import { harmless } from '../harmless.ts'
import { formatMinute, formatTable, print } from '../output.ts'

interface JsonOption {
  readonly json: boolean
}

const NEEDED = ['alethia', 'conversation']
const THREADS_LISTED_MAX = 1_000

export async function listThreads({ json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const { threads, faults } = await client(conversationContract).threads(
      { limit: THREADS_LISTED_MAX },
      { signal },
    )
    const rows = threads.map(({ id, title, turns, updatedAt, offTheRecord }) => [
      id,
      String(turns),
      formatMinute(updatedAt),
      offTheRecord ? `(off the record) ${title}` : title,
    ])
    const text = formatTable([['THREAD', 'TURNS', 'CHANGED', 'TITLE'], ...rows])
    const notes = faults.map(({ file, message }) => `Note: ${[file, message].filter(Boolean).join(': ')}\n`)
    if (!json) process.stderr.write(harmless(notes.join('')))
    print(
      { threads, faults },
      json,
      threads.length === 0 ? 'No threads yet. Begin one: `runa ask "..."`' : text,
    )
  })
}

/** One by one, so that a thread that is not there leaves those before it removed, and is named. */
export async function removeThreads(ids: readonly string[], { json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const conversation = client(conversationContract)
    for (const id of ids) await conversation.removeThread({ id }, { signal })
    const what =
      ids.length === 1
        ? 'the thread and the records of its answers'
        : `${ids.length} threads and their records`
    print({ removed: ids }, json, `Removed ${what}.`)
  })
}
