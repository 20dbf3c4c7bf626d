import { Hono } from 'hono'
import { parseOrThrow, tietoContract, topicNameSchema } from '#protocol'
import { readJson } from '../http/body.ts'
import { lineStream } from '../http/text-stream.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { ingestUpload, receiveUpload, removeUploads } from '../uploads.ts'
import { numberIn, textIn } from './query.ts'

const DOCUMENTS_LISTED_MAX = 1_000

export function knowledgeRoutes({ tieto }: Services, uploadsFolder: string): Hono {
  const routes = new Hono()
  const { search } = tietoContract.operations
  routes.post('/search', async (context) => {
    const { signal } = context.req.raw
    const asked = await readJson(context.req.raw, search.input, LIMITS.jsonBytesMax)
    return context.json(await tieto.search(asked, { signal }))
  })
  routes.get('/passage', async (context) => {
    const number = (name: string) => numberIn(context.req.query(name), name, Number.MAX_SAFE_INTEGER)
    const topic = textIn(context.req.query('topic'), 'topic')
    const document = textIn(context.req.query('document'), 'document')
    const place = { topic, document, start: number('start') ?? 0, end: number('end') ?? 0 }
    const [beforeBytes, afterBytes] = [number('before'), number('after')]
    const around = {
      ...(beforeBytes !== undefined && { beforeBytes }),
      ...(afterBytes !== undefined && { afterBytes }),
    }
    return context.json(await tieto.read({ ...place, ...around }))
  })
  routes.get('/topics', async (context) => context.json(await tieto.topics({})))
  routes.get('/topics/:topic/documents', async (context) => {
    const offset = numberIn(context.req.query('offset'), 'offset', Number.MAX_SAFE_INTEGER) ?? 0
    const limit = numberIn(context.req.query('limit'), 'limit', DOCUMENTS_LISTED_MAX) ?? DOCUMENTS_LISTED_MAX
    return context.json(await tieto.documents({ topic: context.req.param('topic'), offset, limit }))
  })
  // What was dropped onto the page goes with what was made of it; a person's own files stay where they are.
  routes.delete('/topics/:topic', async (context) => {
    const topic = parseOrThrow(topicNameSchema, context.req.param('topic'))
    const removed = await tieto.remove({ topic })
    await removeUploads(uploadsFolder, topic)
    return context.json(removed)
  })
  routes.delete('/topics/:topic/documents', async (context) => {
    const topic = parseOrThrow(topicNameSchema, context.req.param('topic'))
    const document = textIn(context.req.query('document'), 'document')
    const source = await sourceOf(tieto, topic, document)
    const removed = await tieto.remove({ topic, document })
    if (source) await removeUploads(uploadsFolder, topic, source)
    return context.json(removed)
  })
  routes.post('/uploads', async (context) => {
    const request = context.req.raw
    const topic = parseOrThrow(topicNameSchema, textIn(context.req.query('topic'), 'topic'))
    const name = textIn(context.req.query('name'), 'name')
    const upload = await receiveUpload(request, uploadsFolder, topic, name)
    return lineStream(request, (signal) =>
      ingestUpload(upload, topic, (input) => tieto.ingest(input, { signal })),
    )
  })
  return routes
}

/** The file that a document was made of; undefined where there is no such document, or it was no file. */
async function sourceOf(
  tieto: Services['tieto'],
  topic: string,
  document: string,
): Promise<string | undefined> {
  for (let offset = 0; ; ) {
    const { documents, total } = await tieto.documents({ topic, offset, limit: DOCUMENTS_LISTED_MAX })
    const found = documents.find((candidate) => candidate.document === document)
    // A page may be shorter than asked, where its documents would not fit into one message.
    offset += documents.length
    if (found || documents.length === 0 || offset >= total) return found?.source || undefined
  }
}
