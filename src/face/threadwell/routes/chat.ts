import { Hono } from 'hono'
import { conversationContract } from '#protocol'
import type { Boards } from '../board/boards.ts'
import { readJson } from '../http/body.ts'
import { lineStream } from '../http/text-stream.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { numberIn } from './query.ts'

const THREADS_LISTED = 100
const THREADS_LISTED_MAX = 1_000

export function chatRoutes({ conversation, alethia }: Services, boards: Pick<Boards, 'all'>): Hono {
  const routes = new Hono()
  const { turn, feedback } = conversationContract.operations
  routes.post('/turns', async (context) => {
    const request = context.req.raw
    const asked = await readJson(request, turn.input, LIMITS.jsonBytesMax)
    return lineStream(request, (signal) => conversation.turn(asked, { signal }))
  })
  routes.get('/threads', async (context) => {
    const limit = numberIn(context.req.query('limit'), 'limit', THREADS_LISTED_MAX) ?? THREADS_LISTED
    const { signal } = context.req.raw
    const { threads, ...rest } = await conversation.threads({ limit: THREADS_LISTED_MAX }, { signal })
    const cards = cardsOf(boards)
    return context.json({ ...rest, threads: threads.filter(({ id }) => !cards.has(id)).slice(0, limit) })
  })
  routes.get('/threads/:id', async (context) => {
    const before = context.req.query('before')
    return context.json(await conversation.thread({ id: context.req.param('id'), ...(before && { before }) }))
  })
  routes.delete('/threads/:id', async (context) =>
    context.json(await conversation.removeThread({ id: context.req.param('id') })),
  )
  routes.post('/threads/:id/close', async (context) =>
    context.json(await conversation.closeThread({ id: context.req.param('id') })),
  )
  routes.get('/answers/:id', async (context) =>
    context.json(await conversation.answer({ id: context.req.param('id') })),
  )
  routes.get('/answers/:id/feedback', async (context) => {
    const kept = await alethia.turn({ id: context.req.param('id') })
    return context.json({ feedback: kept.feedback ?? {} })
  })
  routes.post('/answers/:id/feedback', async (context) => {
    const given = await readJson(context.req.raw, feedback.input.omit({ answer: true }), LIMITS.jsonBytesMax)
    return context.json(await conversation.feedback({ answer: context.req.param('id'), ...given }))
  })
  routes.get('/answers/:id/why', async (context) =>
    context.json(await conversation.why({ id: context.req.param('id') })),
  )
  routes.post('/answers/:id/replay', async (context) => {
    const { signal } = context.req.raw
    return context.json(await conversation.replay({ id: context.req.param('id') }, { signal }))
  })
  routes.get('/personas', async (context) => context.json(await conversation.personas({})))
  return routes
}

/** Each has a thread of its own, which is read on its board. */
function cardsOf(boards: Pick<Boards, 'all'>): ReadonlySet<string> {
  const ids = boards
    .all()
    .flatMap(({ lists, removed }) => [
      ...lists.flatMap(({ cards }) => cards.map(({ id }) => id)),
      ...removed.map(({ card }) => card.id),
    ])
  return new Set(ids)
}
