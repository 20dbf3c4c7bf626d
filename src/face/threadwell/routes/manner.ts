import { type Context, Hono } from 'hono'
import type * as z from 'zod'
import { dimensionSchema, snarfContract } from '#protocol'
import type { MannerReply } from '../api.ts'
import { readJson } from '../http/body.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'

/** How the person likes to be spoken to. Every change is answered with how things stand after it. */
export function mannerRoutes({ snarf }: Services): Hono {
  const routes = new Hono()
  const { agree, set, lock, pause, reset } = snarfContract.operations

  async function stand(): Promise<MannerReply> {
    const profile = await snarf.profile({})
    const dimensions: MannerReply['dimensions'] = []
    // One after the other: snarf answers only so many at once, and there may be several tabs.
    for (const dimension of dimensionSchema.options) dimensions.push(await snarf.explain({ dimension }))
    return { ...profile, dimensions }
  }

  const change =
    <Input>(schema: z.ZodType<Input>, ask: (input: Input) => Promise<unknown>) =>
    async (context: Context) => {
      await ask(await readJson(context.req.raw, schema, LIMITS.jsonBytesMax))
      return context.json(await stand())
    }

  routes.get('/manner', async (context) => context.json(await stand()))
  routes.post('/manner/agree', change(agree.input, snarf.agree))
  routes.post('/manner/set', change(set.input, snarf.set))
  routes.post('/manner/lock', change(lock.input, snarf.lock))
  routes.post('/manner/pause', change(pause.input, snarf.pause))
  routes.post('/manner/reset', change(reset.input, snarf.reset))
  routes.get('/manner/export', async (context) => {
    const { profile } = await snarf.export({})
    context.header('content-disposition', 'attachment; filename="runa-manner.json"')
    return context.body(JSON.stringify(profile, null, 2), 200, { 'content-type': 'application/json' })
  })
  return routes
}
