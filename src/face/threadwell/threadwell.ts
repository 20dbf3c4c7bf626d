import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HomePaths, homeDigest } from '#kernel/home'
import { describeFault, noteTakenOver, type Secrets, wasTakenOver } from '#kernel/service'
import { makeFolders } from '#kernel/sys'
import { ERRORS, type Handlers, RunaError, type threadwellContract } from '#protocol'
import { createAnswerTexts } from './board/answer-texts.ts'
import { type Boards, lockedBoards, openBoards } from './board/boards.ts'
import { designFirstBoard, FIRST_BOARD_TITLE } from './board/first-board.ts'
import { createForgetting } from './board/forgetting.ts'
import { createDispatcher } from './dispatch/dispatcher.ts'
import { ingestHandbook } from './handbook.ts'
import { createApp } from './http/app.ts'
import { createEvents } from './http/events.ts'
import { openKeys } from './http/keys.ts'
import { openLogin } from './http/login.ts'
import { startHttpServer } from './http/server.ts'
import { openMarks } from './marks.ts'
import { countRuns } from './routes/state.ts'
import type { Hearers, Services } from './services.ts'
import type { Pages } from './static.ts'
import { tidyUploads } from './uploads.ts'

/** What boards are sealed with, and who logs in is known by. */
const SEAL = 'threadwell.seal'
/** There once all boards of before are. */
const SEALED = 'threadwell.sealed'
const LOCKED = 'Boards are sealed, and Runa runs without coven, which keeps their key.'
const HANDBOOK_RETRY_MS = 2_000

export interface ThreadwellOptions {
  readonly paths: HomePaths
  readonly services: Services
  readonly secrets: Secrets
  /** The same without patience, for what would rather show what there is. */
  readonly servicesNow: Services
  /** Hears what the services announce. Returns a function that ends it. */
  readonly hear: (hearers: Hearers) => () => void
  readonly pages: Pages
  readonly handbookFolder: string
  readonly version: string
  readonly policyEnabled: boolean
  /** The figures of the bus, in the text format of Prometheus. */
  readonly metrics: () => string
  /** 0: any that is free. */
  readonly port: number
  /** What is given holds nobody's words. */
  readonly log: (event: string, details?: Readonly<Record<string, unknown>>) => void
}

export interface Threadwell {
  readonly url: string
  /** What the server answers with, for who has no socket. */
  readonly answer: (request: Request) => Promise<Response>
  readonly handlers: Handlers<typeof threadwellContract>
  close(): Promise<void>
}

/**
 * Opens what is kept, and listens. The services may be missing: what needs them fails until they are there. Rejects
 * with PORT_BUSY, CONFIG_INVALID or the system's own error.
 */
export async function openThreadwell(options: ThreadwellOptions): Promise<Threadwell> {
  const { paths, services, servicesNow, secrets, hear, log } = options
  const stopping = new AbortController()
  const fault = (error: unknown) => log('fault', describeFault(error))
  const run = join(paths.run, 'threadwell')
  makeFolders(run)
  await tidyUploads(paths.uploads)
  const seal = await revealSeal(secrets)
  const login = await openLogin({
    key: seal,
    saltPath: join(run, 'login.json'),
    cookieName: `runa_session_${homeDigest(paths.home)}`,
  })
  const keys = await openKeys({ secrets, formerPath: join(paths.home, 'keys.json') })
  if (keys.fault) log('no keys', { code: keys.fault.code })
  makeFolders(paths.page)
  const marks = await openMarks(join(paths.page, 'marks.json'))
  const boards = await openBoardsWith(seal, options)
  const texts = createAnswerTexts(servicesNow.conversation)
  const forgetting = createForgetting(boards, texts, services.alethia)

  const events = createEvents()
  const announceState = () => events.announce('state', {})
  const endHearing = hear({
    state: announceState,
    threads: (thread) => events.announce('threads', { thread }, `threads ${thread ?? ''}`),
    manner: () => events.announce('manner', {}),
    forgotten(turns) {
      events.announce('threads', {}, 'threads ')
      forgetting.forget(turns).catch(fault)
    },
    memoryCame: () => forgetting.catchUp(),
  })
  announceBoards(boards, events.announce)
  const dispatcher = createDispatcher({ boards, conversation: services.conversation, log: fault })
  const app = createApp({
    ...options,
    uploadsFolder: paths.uploads,
    ...{ boards, texts, dispatcher, events, login, keys, marks, log: fault },
  })
  const server = await startHttpServer(app, options.port, join(run, 'port'))
  const handbook = repeatWhileMissing(stopping.signal, () =>
    ingestHandbook(options.handbookFolder, services.tieto, marks, stopping.signal),
  ).catch(fault)

  return {
    url: server.url,
    answer: app,
    handlers: {
      address: async () => ({ url: server.url, loginUrl: `${server.url}/login?token=${login.token}` }),
      createKey: ({ name }) => keys.create(name),
      keys: async () => ({ keys: keys.list() }),
      async revokeKey({ id }) {
        await keys.revoke(id)
        return {}
      },
    },
    async close() {
      stopping.abort()
      endHearing()
      events.close()
      await server.close()
      await Promise.all([dispatcher.stop(), handbook])
      await Promise.all([boards.close(), keys.close()])
    },
  }
}

/** Undefined without coven. */
async function revealSeal(secrets: Secrets): Promise<Buffer | undefined> {
  return await secrets.reveal(SEAL).catch((error) => {
    if (error instanceof RunaError && error.code === 'SECRETS_MISSING') return undefined
    throw error
  })
}

/** Without a key nobody can open them, and nothing may be written in clear: then there are none. */
async function openBoardsWith(
  key: Buffer | undefined,
  { secrets, paths, log }: ThreadwellOptions,
): Promise<Boards> {
  if (!key) {
    log('boards locked', { code: 'SECRETS_MISSING' })
    return lockedBoards(new RunaError('SECRETS_MISSING', LOCKED))
  }
  const takesClear = !(await wasTakenOver(secrets, SEALED))
  const boards = await openBoards(paths.boards, key, { takesClear })
  for (const { code, message } of boards.faults) log('board left out', { code, message })
  if (takesClear && boards.faults.length === 0) await noteTakenOver(secrets, SEALED)
  if (boards.names().length === 0) await boards.create(FIRST_BOARD_TITLE, designFirstBoard)
  return boards
}

/** Each change, and word of the state where what every page shows of the boards is no longer the same. */
function announceBoards(boards: Boards, announce: ReturnType<typeof createEvents>['announce']): void {
  const summary = () => JSON.stringify([boards.names(), countRuns(boards)])
  let before = summary()
  boards.listen(({ id, version }) => {
    announce('board', { board: id, version }, `board ${id}`)
    const now = summary()
    if (now !== before) announce('state', {})
    before = now
  })
}

/** Rejects with what trying again does not mend. */
async function repeatWhileMissing(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RunaError && ERRORS[error.code].retry)) {
        if (signal.aborted) return
        throw error
      }
      await sleep(HANDBOOK_RETRY_MS, undefined, { signal, ref: false }).catch(() => {})
    }
  }
}
