import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { canConnect, freePort } from '../../src/face/nats/fixture.ts'

const START_MS = 10_000

/** Redis and NATS, as Debian brings them; on the loopback, without anything on a disk. */
export interface Servers {
  /** What this machine does not have. */
  readonly missing: readonly string[]
  readonly natsPort: number
  end(): Promise<void>
}

export async function startServers(folder: string): Promise<Servers> {
  const natsPort = await freePort()
  const socket = join(folder, 'redis.sock')
  const redis = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder]
  const running = [start('redis-server', redis), start('nats-server', ['-a', '127.0.0.1', '-p', String(natsPort)])]
  const isThere = [() => canConnect({ path: socket }), () => canConnect({ host: '127.0.0.1', port: natsPort })]
  const missing: string[] = []
  for (const [index, name] of ['Redis', 'NATS'].entries()) {
    if (!(await until(isThere[index] as () => Promise<boolean>, running[index]))) missing.push(name)
  }
  return {
    missing,
    natsPort,
    async end() {
      for (const server of running) await stop(server)
    },
  }
}

function start(command: string, options: readonly string[]): ChildProcess {
  const server = spawn(command, options, { stdio: 'ignore' })
  // Where it is not installed; asked for later.
  server.on('error', () => {})
  return server
}

async function until(isThere: () => Promise<boolean>, server: ChildProcess | undefined): Promise<boolean> {
  const endMs = performance.now() + START_MS
  while (performance.now() < endMs && server?.pid !== undefined && server.exitCode === null) {
    if (await isThere()) return true
    await sleep(20)
  }
  return false
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null) return
  const exit = once(server, 'exit')
  server.kill()
  await exit
}
