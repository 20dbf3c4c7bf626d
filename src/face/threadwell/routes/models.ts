import { Hono } from 'hono'
import { inferenceContract, RunaError } from '#protocol'
import type { LedgerReply } from '../api.ts'
import { readJson } from '../http/body.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { numberIn } from './query.ts'

const LEDGER_LISTED = 100
const LEDGER_LISTED_MAX = 1_000

export function modelRoutes({ inference, gilgul, nats }: Services): Hono {
  const routes = new Hono()
  const { addModel } = inferenceContract.operations
  routes.get('/models', async (context) => {
    const [{ models }, machine] = await Promise.all([inference.models({}), inference.machine({})])
    return context.json({ models, machine })
  })
  routes.post('/models', async (context) => {
    const { signal } = context.req.raw
    const asked = await readJson(context.req.raw, addModel.input, LIMITS.jsonBytesMax)
    return context.json(await inference.addModel(asked, { signal }))
  })
  routes.post('/models/:id/use', async (context) =>
    context.json(await inference.useModel({ id: context.req.param('id') })),
  )
  routes.delete('/models/:id', async (context) =>
    context.json(await inference.removeModel({ id: context.req.param('id') })),
  )
  routes.get('/ledger', async (context) => {
    const limit = numberIn(context.req.query('limit'), 'limit', LEDGER_LISTED_MAX) ?? LEDGER_LISTED
    const [ledger, carried] = await Promise.all([inference.ledger({ limit }), carriedBy(nats)])
    return context.json({ ...ledger, carried } satisfies LedgerReply)
  })
  routes.get('/services', async (context) => context.json(await gilgul.status({})))
  return routes
}

/** Nothing where that service is not part of the world. */
async function carriedBy(nats: Services['nats']): Promise<LedgerReply['carried']> {
  try {
    const { servers, links } = await nats.links({})
    const outward = links.filter(({ direction }) => direction !== 'in')
    return outward.map(({ topic, sent }) => ({ topic, sent, servers }))
  } catch (error) {
    if (error instanceof RunaError && error.code === 'SERVICE_LOST') return []
    throw error
  }
}
