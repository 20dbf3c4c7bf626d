import { Hono } from 'hono'
import { RunaError } from '#protocol'
import type { Services } from '../services.ts'
import { RUNA_MODEL } from './answer.ts'
import { completeChat } from './chat.ts'
import { embed } from './embeddings.ts'

/** For programs that were written for OpenAI's API. */
export function openaiRoutes(services: Services): Hono {
  const routes = new Hono()
  routes.post('/chat/completions', ({ req }) => completeChat(req.raw, services))
  routes.post('/embeddings', ({ req }) => embed(req.raw, services))
  routes.get('/models', async (context) =>
    context.json({ object: 'list', data: (await modelIds(services)).map(describe) }),
  )
  routes.get('/models/:id', async (context) => {
    const id = context.req.param('id')
    if (!(await modelIds(services)).includes(id)) {
      throw new RunaError('MODEL_UNKNOWN', `There is no model '${id.slice(0, 64)}'.`)
    }
    return context.json(describe(id))
  })
  return routes
}

async function modelIds({ inference }: Services): Promise<string[]> {
  const { models } = await inference.models({})
  return [RUNA_MODEL, ...models.map((model) => model.id).filter((id) => id !== RUNA_MODEL)]
}

function describe(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'runa' }
}
