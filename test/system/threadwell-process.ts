import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { awaitService, type Connection, call, connect, serve } from '#kernel/service'
import { createBus } from '#kernel/splinter'
import { type Client, type Contract, type Handlers, threadwellContract } from '#protocol'
import { standInSecrets } from '../../src/face/threadwell/stand-ins.ts'
import { standInGilgul } from './stand-in-secrets.ts'

export const MAIN = fileURLToPath(new URL('../../src/face/threadwell/main.js', import.meta.url))
const READY_MS = 20_000

export interface ThreadwellProcess {
  readonly url: string
  readonly busPath: string
  readonly threadwell: Client<typeof threadwellContract>
  /** Answers for a service, from within this process. */
  readonly serve: <C extends Contract>(contract: C, handlers: Handlers<C>) => Promise<void>
  /** Kills the process without a word, and starts another one. */
  readonly killAndRestart: () => Promise<void>
  /** The cookie of a browser that has opened the login link. */
  readonly logIn: () => Promise<string>
}

/** threadwell as a process of its own, on a bus of its own, in a home that is gone afterwards. */
export async function withThreadwell(use: (running: ThreadwellProcess) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'runa-home-'))
  const busFolder = await mkdtemp('/dev/shm/runa-test-')
  const busPath = join(busFolder, 'bus')
  createBus({ path: busPath })
  const connections: Connection[] = []
  const takeSeat = async (name: string) => {
    const connection = await connect(busPath, name)
    connections.push(connection)
    return connection.transport
  }
  const transport = await takeSeat('test')
  const threadwell = call(threadwellContract, transport)
  const gilgul = await standInGilgul(busPath, 'threadwell', standInSecrets())
  const environment = { ...process.env, RUNA_BUS: busPath, RUNA_HOME: home, RUNA_PORT: '0' }
  const start = () => gilgul.start(MAIN, environment, 'ignore')
  let child = start()
  try {
    await awaitService(transport, 'threadwell', { timeoutMs: READY_MS })
    const { url } = await threadwell.address({})
    await use({
      url,
      busPath,
      threadwell,
      serve: async (contract, handlers) => void serve(contract, handlers, await takeSeat(contract.name)),
      async killAndRestart() {
        child.kill('SIGKILL')
        await once(child, 'exit')
        child = start()
        await awaitService(transport, 'threadwell', { timeoutMs: READY_MS })
      },
      async logIn() {
        const { loginUrl } = await threadwell.address({})
        const { headers } = await fetch(loginUrl, { redirect: 'manual' })
        return headers.get('set-cookie')?.split(';')[0] ?? ''
      },
    })
  } finally {
    child.kill('SIGKILL')
    await gilgul.close()
    for (const connection of connections) connection.close()
    await rm(busFolder, { recursive: true, force: true })
    await rm(home, { recursive: true, force: true })
  }
}
