import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import type { HomePaths } from '#kernel/home'
import type { Secrets } from '#kernel/service'
import { RunaError } from '#protocol'
import type { AnswerTexts } from '../board/answer-texts.ts'
import type { Boards } from '../board/boards.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Marks } from '../marks.ts'
import { openaiFailure } from '../openai/failure.ts'
import { openaiRoutes } from '../openai/routes.ts'
import { boardRoutes } from '../routes/boards.ts'
import { chatRoutes } from '../routes/chat.ts'
import { keepingRoutes } from '../routes/keeping.ts'
import { knowledgeRoutes } from '../routes/knowledge.ts'
import { mannerRoutes } from '../routes/manner.ts'
import { memoryRoutes } from '../routes/memory.ts'
import { modelRoutes } from '../routes/models.ts'
import { readState } from '../routes/state.ts'
import type { Services } from '../services.ts'
import type { Pages } from '../static.ts'
import { guard } from './access.ts'
import type { Events } from './events.ts'
import { failureResponse } from './failure.ts'
import type { Keys } from './keys.ts'
import type { Login } from './login.ts'

export interface AppParts {
  readonly services: Services
  readonly servicesNow: Services
  readonly boards: Boards
  readonly texts: AnswerTexts
  readonly dispatcher: Dispatcher
  readonly events: Events
  readonly login: Login
  readonly keys: Keys
  readonly marks: Marks
  readonly pages: Pages
  readonly paths: HomePaths
  readonly secrets: Secrets
  readonly uploadsFolder: string
  readonly version: string
  readonly policyEnabled: boolean
  /** The figures of the bus, in the text format of Prometheus. */
  readonly metrics: () => string
  readonly log: (error: unknown) => void
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Everything that threadwell answers over HTTP: a function from a request to a response. */
export function createApp(parts: AppParts): (request: Request) => Promise<Response> {
  const app = new Hono()
  app.use(guard(parts.login, parts.keys, parts.pages))
  app.onError((error, { req }) => {
    if (!(error instanceof RunaError)) parts.log(error)
    return req.path.startsWith('/v1') ? openaiFailure(error) : failureResponse(error)
  })
  app.notFound(({ req }) => {
    const error = new RunaError('PATH_UNKNOWN', `There is nothing at ${req.method} ${req.path}.`)
    return req.path.startsWith('/v1') ? openaiFailure(error) : failureResponse(error)
  })
  app.get('/healthz', (context) => context.json({ ok: true }))
  app.get('/metrics', (context) => context.body(parts.metrics(), 200, { 'content-type': METRICS_TYPE }))
  app.route('/', loginRoute(parts.login, parts.pages))
  app.route('/api', apiRoutes(parts))
  app.route('/v1', openaiRoutes(parts.services))
  app.route('/', pageRoutes(parts))
  return async (request) => await app.fetch(request)
}

function loginRoute(login: Login, pages: Pages): Hono {
  const routes = new Hono()
  routes.get('/login', (context) => {
    const cookie = login.open(context.req.query('token') ?? '')
    // An old link: the page says where a new one comes from.
    if (cookie === undefined) return pages.login()
    const maxAge = Math.floor(login.sessionMs / 1_000)
    setCookie(context, login.cookieName, cookie, { httpOnly: true, sameSite: 'Strict', path: '/', maxAge })
    return context.redirect('/', 303)
  })
  return routes
}

function apiRoutes(parts: AppParts): Hono {
  const { services, boards, dispatcher, events, marks, uploadsFolder } = parts
  const routes = new Hono()
  routes.get('/state', async (context) =>
    context.json(await readState({ ...parts, services: parts.servicesNow })),
  )
  routes.get('/events', (context) => events.open(context.req.raw))
  routes.post('/visited', async (context) => {
    if (!marks.values.visited) await marks.set({ visited: true })
    return context.body(null, 204)
  })
  routes.route('/', boardRoutes(boards, dispatcher, parts.texts))
  routes.route('/', chatRoutes(services, boards))
  routes.route('/', knowledgeRoutes(services, uploadsFolder))
  routes.route('/', modelRoutes(services))
  routes.route('/', memoryRoutes(services, boards))
  routes.route('/', mannerRoutes(services))
  routes.route('/', keepingRoutes(parts.paths, parts.secrets.available))
  return routes
}

function pageRoutes({ pages, marks }: AppParts): Hono {
  const routes = new Hono()
  routes.get('/static/*', async (context) => (await pages.file(context.req.path)) ?? context.notFound())
  routes.get('/', async (context, next) =>
    marks.values.visited ? next() : context.redirect('/welcome', 303),
  )
  routes.get('/*', (context) => pages.page(context.req.path) ?? context.notFound())
  return routes
}
