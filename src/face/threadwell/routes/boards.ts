import { Hono } from 'hono'
import { changeRequestSchema, newBoardSchema, runRequestSchema } from '../api.ts'
import type { Boards } from '../board/boards.ts'
import { toBoard } from '../board/open-board.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import { readJson } from '../http/body.ts'
import { LIMITS } from '../limits.ts'

export function boardRoutes(boards: Boards, dispatcher: Dispatcher): Hono {
  const routes = new Hono()
  routes.get('/boards', (context) => context.json({ boards: boards.names() }))
  routes.post('/boards', async (context) => {
    const { title } = await readJson(context.req.raw, newBoardSchema, LIMITS.jsonBytesMax)
    return context.json(toBoard(await boards.create(title)))
  })
  routes.get('/boards/:id', (context) => context.json(toBoard(boards.get(context.req.param('id')))))
  routes.post('/boards/:id/changes', async (context) => {
    const board = boards.get(context.req.param('id'))
    const { change, version } = await readJson(context.req.raw, changeRequestSchema, LIMITS.jsonBytesMax)
    return context.json(await boards.change(board.id, change, version))
  })
  routes.post('/cards/:id/run', async (context) => {
    const { action } = await readJson(context.req.raw, runRequestSchema, LIMITS.jsonBytesMax)
    const card = context.req.param('id')
    return context.json(await (action === 'cancel' ? dispatcher.cancel(card) : dispatcher.start(card)))
  })
  return routes
}
