import { homePaths } from '#kernel/home'
import type { Services } from './services.ts'
import { standInSecrets, standInServices, withFolder } from './stand-ins.ts'
import type { Pages } from './static.ts'
import { openThreadwell, type Threadwell } from './threadwell.ts'

const noPages: Pages = {
  file: async (pathname) => (pathname === '/static/x.css' ? new Response('body {}') : undefined),
  page: (pathname) => (pathname === '/' ? new Response('<h1>board</h1>') : undefined),
  login: () => new Response('<h1>log in</h1>', { status: 401 }),
}

export interface House {
  readonly threadwell: Threadwell
  readonly home: string
  /** Asks as a browser that is logged in does. What is an object becomes a JSON body. */
  readonly ask: (path: string, body?: object, init?: RequestInit) => Promise<Response>
  /** Asks without the cookie. */
  readonly askAsStranger: (path: string, init?: RequestInit) => Promise<Response>
  readonly cookie: string
  /** What went to the log. */
  readonly faults: unknown[]
}

/** A whole threadwell in a folder of its own, with stand-ins for the services and the pages. */
export async function withHouse(
  use: (house: House) => Promise<void>,
  services: Services = standInServices(),
  handbookFolder = '/nonexistent',
  secrets = standInSecrets(),
): Promise<void> {
  await withFolder(async (home) => {
    const faults: unknown[] = []
    const threadwell = await openThreadwell({
      paths: homePaths(home),
      services,
      servicesNow: services,
      hear: () => () => {},
      secrets,
      pages: noPages,
      handbookFolder,
      version: '0',
      policyEnabled: true,
      metrics: () => 'runa_bus_members 2\n',
      port: 0,
      log: (event, details) => faults.push({ event, details }),
    })
    const askAsStranger = (path: string, init?: RequestInit) =>
      threadwell.answer(new Request(`${threadwell.url}${path}`, init))
    const { loginUrl } = await threadwell.handlers.address(
      {},
      { signal: new AbortController().signal, trace: '' },
    )
    const login = await threadwell.answer(new Request(loginUrl))
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
    const ask: House['ask'] = (path, body, init = {}) =>
      askAsStranger(path, {
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
        ...init,
        headers: { cookie, ...(body && { 'content-type': 'application/json' }), ...init.headers },
      })
    try {
      await use({ threadwell, home, ask, askAsStranger, cookie, faults })
    } finally {
      await threadwell.close()
    }
  })
}
