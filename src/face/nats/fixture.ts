import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import {
  type AddressInfo,
  connect,
  createServer,
  type IpcNetConnectOpts,
  type TcpNetConnectOpts,
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why tests against a real server cannot run here; undefined where they can. */
export function whyNoServer(): string | undefined {
  const { error } = spawnSync('nats-server', ['--version'])
  return error ? 'nats-server is not installed' : undefined
}

/** A NATS server on the loopback, with JetStream, which may be killed and started anew. */
export interface TestServer {
  readonly url: string
  start(): Promise<void>
  kill(): Promise<void>
  /** Kills it, and removes what it kept. */
  end(): Promise<void>
}

export async function createTestServer(): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'runa-nats-'))
  const port = await freePort()
  let server: ChildProcess | undefined

  async function kill(): Promise<void> {
    if (server === undefined) return
    const exit = once(server, 'exit')
    server.kill('SIGKILL')
    await exit
    server = undefined
  }

  return {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      const options = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder]
      server = spawn('nats-server', options, { stdio: 'ignore' })
      while (!(await canConnect({ host: '127.0.0.1', port })))
        await new Promise((resolve) => setTimeout(resolve, 10))
    },
    kill,
    async end() {
      await kill()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Whether somebody listens there. */
export async function canConnect(to: TcpNetConnectOpts | IpcNetConnectOpts): Promise<boolean> {
  const socket = connect(to)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Of the loopback. Another process may take it before it is used. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
