import type { MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { RunaError } from '#protocol'
import { openaiFailure } from '../openai/failure.ts'
import type { Pages } from '../static.ts'
import { failureResponse } from './failure.ts'
import type { Keys } from './keys.ts'
import type { Login } from './login.ts'

/** By any of these names, and at any port: a tunnel may give it another one. */
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** A link to log in with is of no use to a program. */
const KEY_ADVICE = 'Send the header `Authorization: Bearer KEY`, with a key of `runa key create NAME`.'

type Gate = 'open' | 'key' | 'session' | 'page'

/** Who needs what. Everything that is not named is a page, and pages need a session. */
function gateOf(path: string): Gate {
  if (path === '/healthz' || path === '/login' || path.startsWith('/static/')) return 'open'
  if (path === '/v1' || path.startsWith('/v1/') || path === '/metrics') return 'key'
  return path === '/api' || path.startsWith('/api/') ? 'session' : 'page'
}

/** The one place that decides who gets in, and it stands before every route. */
export function guard(login: Login, keys: Keys, pages: Pages): MiddlewareHandler {
  return async (context, next) => {
    const gate = gateOf(context.req.path)
    const refusal = refuseForeign(context.req.raw, gate)
    if (refusal) return withSecurityHeaders(refusal)
    if (gate === 'key' && keys.fault) return withSecurityHeaders(openaiFailure(keys.fault))
    const mayEnter =
      gate === 'open' ||
      (gate === 'key'
        ? keys.isValid(bearerOf(context.req.header('authorization')))
        : login.isOpen(getCookie(context, login.cookieName)))
    if (!mayEnter) return withSecurityHeaders(refuseEntry(gate, pages))
    await next()
    context.res = withSecurityHeaders(context.res)
    return undefined
  }
}

/** A page of another site must not reach us: neither under a name that it made point here, nor from its own origin. */
function refuseForeign(request: Request, gate: Gate): Response | undefined {
  const host = request.headers.get('host') ?? new URL(request.url).host
  if (!LOOPBACK.test(host)) return refuse(gate, 'The request names a host that is not this machine.', 421)
  const origin = request.headers.get('origin')
  if (origin !== null && (gate === 'key' || origin.toLowerCase() !== `http://${host.toLowerCase()}`)) {
    return refuse(gate, 'The request comes from a page of another origin.', 403)
  }
  const site = request.headers.get('sec-fetch-site') ?? 'none'
  if ((gate === 'session' || gate === 'key') && site !== 'none' && site !== 'same-origin') {
    return refuse(gate, 'The request comes from a page of another site.', 403)
  }
  return undefined
}

function refuse(gate: Gate, message: string, status: number): Response {
  const error = new RunaError('FOREIGN_REQUEST', message)
  return gate === 'key' ? openaiFailure(error, status) : failureResponse(error, status)
}

function refuseEntry(gate: Gate, pages: Pages): Response {
  if (gate === 'page') return pages.login()
  if (gate === 'session') return failureResponse(new RunaError('NOT_LOGGED_IN'))
  return openaiFailure(
    new RunaError('NOT_LOGGED_IN', 'The request carries no valid key.', { advice: KEY_ADVICE }),
  )
}

function bearerOf(header: string | undefined): string {
  return /^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? ''
}

function withSecurityHeaders(response: Response): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value)
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  return new Response(response.body, { status: response.status, headers })
}
