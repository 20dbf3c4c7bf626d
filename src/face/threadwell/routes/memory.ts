import { Hono } from 'hono'
import { alethiaContract } from '#protocol'
import type { CardPaths } from '../api.ts'
import type { Boards } from '../board/boards.ts'
import { readJson } from '../http/body.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'

const THREADS_LISTED = 1_000

/** What is asked for holds people's words, so it is in the body of a request and never in its address. */
export function memoryRoutes({ alethia }: Services, boards: Pick<Boards, 'all'>): Hono {
  const routes = new Hono()
  const { timeline, recall, forget } = alethiaContract.operations
  routes.get('/memory/state', async (context) =>
    context.json(await alethia.state({}, { signal: context.req.raw.signal })),
  )
  routes.get('/memory/threads', async (context) =>
    context.json(await alethia.threads({ limit: THREADS_LISTED }, { signal: context.req.raw.signal })),
  )
  routes.post('/memory/timeline', async (context) => {
    const { signal } = context.req.raw
    const asked = await readJson(context.req.raw, timeline.input, LIMITS.jsonBytesMax)
    const found = await alethia.timeline(asked, { signal })
    return context.json({ ...found, cards: cardPaths(boards, found.turns) })
  })
  routes.get('/memory/turns/:id', async (context) =>
    context.json(await alethia.turn({ id: context.req.param('id') })),
  )
  routes.post('/memory/search', async (context) => {
    const { signal } = context.req.raw
    const asked = await readJson(context.req.raw, recall.input, LIMITS.jsonBytesMax)
    const found = await alethia.recall(asked, { signal })
    return context.json({ ...found, cards: cardPaths(boards, found.recalled) })
  })
  routes.post('/memory/forget', async (context) => {
    // Whoever leaves does not take back what they confirmed, so this call knows no signal.
    const asked = await readJson(context.req.raw, forget.input, LIMITS.jsonBytesMax)
    const found = await alethia.forget(asked)
    return context.json({ ...found, cards: cardPaths(boards, found.turns) })
  })
  routes.post('/memory/verify', async (context) =>
    context.json(await alethia.verify({}, { signal: context.req.raw.signal })),
  )
  return routes
}

/** What was said on cards is read there. */
function cardPaths(boards: Pick<Boards, 'all'>, said: readonly { readonly thread: string }[]): CardPaths {
  const wanted = new Set(said.map(({ thread }) => thread))
  const paths = boards.all().flatMap(({ id: board, lists }) =>
    lists
      .flatMap(({ cards }) => cards)
      .filter(({ id }) => wanted.has(id))
      .map(({ id }) => [id, `/board/${board}?card=${id}`] as const),
  )
  return Object.fromEntries(paths)
}
