import { Hono } from 'hono'
import { parseOrThrow, tietoContract, topicNameSchema } from '#protocol'
import { readJson } from '../http/body.ts'
import { lineStream } from '../http/text-stream.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { ingestUpload, receiveUpload } from '../uploads.ts'
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
  routes.delete('/topics/:topic', async (context) =>
    context.json(await tieto.remove({ topic: topicIn(context.req.param('topic')) })),
  )
  routes.delete('/topics/:topic/documents', async (context) => {
    const document = textIn(context.req.query('document'), 'document')
    return context.json(await tieto.remove({ topic: topicIn(context.req.param('topic')), document }))
  })
  routes.post('/uploads', async (context) => {
    const request = context.req.raw
    const topic = topicIn(textIn(context.req.query('topic'), 'topic'))
    const name = textIn(context.req.query('name'), 'name')
    const upload = await receiveUpload(request, uploadsFolder, topic, name)
    return lineStream(request, (signal) =>
      ingestUpload(upload, topic, (input) => tieto.ingest(input, { signal })),
    )
  })
  return routes
}

function topicIn(name: string): string {
  return parseOrThrow(topicNameSchema, name)
}
