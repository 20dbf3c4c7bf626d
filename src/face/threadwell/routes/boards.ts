import { Hono } from 'hono'
import { type ChangeReply, changeRequestSchema, newBoardSchema, runRequestSchema } from '../api.ts'
import type { AnswerTexts } from '../board/answer-texts.ts'
import type { Boards } from '../board/boards.ts'
import { toBoard } from '../board/open-board.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import { readJson } from '../http/body.ts'
import { LIMITS } from '../limits.ts'

export function boardRoutes(boards: Boards, dispatcher: Dispatcher, texts: AnswerTexts): Hono {
  const routes = new Hono()
  const shown = async ({ board, ...reply }: ChangeReply) => ({ ...reply, board: await texts.fill(board) })
  routes.get('/boards', (context) => {
    if (boards.locked) throw boards.locked
    return context.json({ boards: boards.names() })
  })
  routes.post('/boards', async (context) => {
    const { title } = await readJson(context.req.raw, newBoardSchema, LIMITS.jsonBytesMax)
    return context.json(toBoard(await boards.create(title)))
  })
  routes.get('/boards/:id', async (context) =>
    context.json(await texts.fill(toBoard(boards.get(context.req.param('id'))))),
  )
  routes.post('/boards/:id/changes', async (context) => {
    const board = boards.get(context.req.param('id'))
    const { change, version } = await readJson(context.req.raw, changeRequestSchema, LIMITS.jsonBytesMax)
    return context.json(await shown(await boards.change(board.id, change, version)))
  })
  routes.post('/cards/:id/run', async (context) => {
    const { action } = await readJson(context.req.raw, runRequestSchema, LIMITS.jsonBytesMax)
    const card = context.req.param('id')
    const asked = action === 'cancel' ? dispatcher.cancel(card) : dispatcher.start(card)
    return context.json(await shown(await asked))
  })
  return routes
}
