import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { replaceFile } from '#kernel/journal'
import { findPortHolder } from '#kernel/sys'
import { RunaError } from '#protocol'
import { LIMITS } from '../limits.ts'

/** The only address that anything here listens on. */
const HOST = '127.0.0.1'

export interface HttpServer {
  readonly url: string
  /** Ends open requests too. */
  close(): Promise<void>
}

/**
 * Listens on `port`; 0 takes the one that was taken before, where it is free, so that an open page finds a server that
 * was started anew, and any other where it is not. Rejects with PORT_BUSY.
 */
export async function startHttpServer(
  answer: (request: Request) => Promise<Response>,
  port: number,
  portFile: string,
): Promise<HttpServer> {
  const listener = getRequestListener(answer, { hostname: HOST, overrideGlobalObjects: false })
  const server = createServer({ requestTimeout: LIMITS.requestMs }, listener)
  server.maxConnections = LIMITS.connectionsMax
  const taken = port === 0 ? await listenAgain(server, portFile) : await listen(server, port)
  await rememberPort(portFile, taken)
  return {
    url: `http://${HOST}:${taken}`,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

async function recallPort(portFile: string): Promise<number> {
  return Number(await readFile(portFile, 'utf8').catch(() => '0'))
}

/** A convenience: a disk that is full must not keep the page away. */
async function rememberPort(portFile: string, port: number): Promise<void> {
  if ((await recallPort(portFile)) !== port) await replaceFile(portFile, String(port)).catch(() => {})
}

async function listenAgain(server: Server, portFile: string): Promise<number> {
  const before = await recallPort(portFile)
  if (!Number.isInteger(before) || before <= 0 || before > 65_535) return await listen(server, 0)
  return await listen(server, before).catch(() => listen(server, 0))
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, HOST)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      const holder = await findPortHolder(port)
      const who = holder ? `${holder.name} (process ${holder.pid})` : 'Another program'
      throw new RunaError('PORT_BUSY', `${who} listens on port ${port} of ${HOST}.`, { cause })
    }
    if (code === 'EACCES') {
      throw new RunaError('CONFIG_INVALID', `This user may not listen on port ${port}.`, { cause })
    }
    throw cause
  }
  return (server.address() as AddressInfo).port
}
