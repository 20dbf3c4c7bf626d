import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { text } from 'node:stream/consumers'

const ASK_EVERY_MS = 25
const ANSWER_MS = 1_000

export async function findPorts(names: readonly string[]): Promise<Map<string, number>> {
  const servers = names.map(() => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return new Map(names.map((name, index) => [name, ports[index] ?? 0]))
}

/** Asks each of them over and over who it is. */
export function watchWeb(ports: ReadonlyMap<string, number>) {
  const pids = new Map<string, number | undefined>()
  const asking = new Set<string>()

  async function ask(name: string, port: number): Promise<void> {
    if (asking.has(name)) return
    asking.add(name)
    pids.set(name, await askPid(port))
    asking.delete(name)
  }

  const timer = setInterval(() => {
    for (const [name, port] of ports) void ask(name, port)
  }, ASK_EVERY_MS)
  return { pidOf: (name: string) => pids.get(name), end: () => clearInterval(timer) }
}

function askPid(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, agent: false, signal: AbortSignal.timeout(ANSWER_MS) }
    const request = get(options, (response) => {
      text(response).then(
        (body) => resolve(Number(body)),
        () => resolve(undefined),
      )
    })
    request.on('error', () => resolve(undefined))
  })
}
