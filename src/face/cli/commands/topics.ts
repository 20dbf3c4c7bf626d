import { tietoContract } from '#protocol'
import { withRuna } from '../connection.ts'
import { formatBytes, formatTable, print } from '../output.ts'

interface JsonOption {
  readonly json: boolean
}

const DOCUMENTS_PER_CALL = 1_000

export async function listTopics({ json }: JsonOption): Promise<void> {
  await withRuna(['tieto'], async ({ client, signal }) => {
    const { topics } = await client(tietoContract).topics({}, { signal })
    const rows = topics.map(({ name, documents, chunks, sizeBytes, damaged }) => [
      name,
      String(documents),
      String(chunks),
      formatBytes(sizeBytes),
      damaged.length === 0 ? '' : `damaged: ${damaged.join(', ')}`,
    ])
    const text = formatTable([['TOPIC', 'DOCUMENTS', 'PASSAGES', 'SIZE', ''], ...rows])
    const none = 'No topics yet. Make one: `runa ingest FOLDER --topic NAME`'
    print({ topics }, json, topics.length === 0 ? none : text)
  })
}

export async function listDocuments(topic: string, { json }: JsonOption): Promise<void> {
  await withRuna(['tieto'], async ({ client, signal }) => {
    const tieto = client(tietoContract)
    const first = await tieto.documents({ topic, limit: DOCUMENTS_PER_CALL }, { signal })
    const documents = [...first.documents]
    while (documents.length < first.total) {
      const page = { topic, offset: documents.length, limit: DOCUMENTS_PER_CALL }
      const next = await tieto.documents(page, { signal })
      if (next.documents.length === 0) break
      documents.push(...next.documents)
    }
    const rows = documents.map(({ document, title, chunks, sizeBytes }) => [
      document,
      String(chunks),
      formatBytes(sizeBytes),
      title,
    ])
    const text = formatTable([['DOCUMENT', 'PASSAGES', 'SIZE', 'TITLE'], ...rows])
    print({ topic, documents }, json, text)
  })
}

export async function removeTopic(
  topic: string,
  document: string | undefined,
  { json }: JsonOption,
): Promise<void> {
  await withRuna(['tieto'], async ({ client, signal }) => {
    const input = document === undefined ? { topic } : { topic, document }
    const removed = await client(tietoContract).remove(input, { signal })
    const text = `Removed ${removed.documents} documents, ${removed.chunks} passages. Your own files stay.`
    print(removed, json, text)
  })
}
