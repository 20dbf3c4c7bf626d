import { readFile } from 'node:fs/promises'
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { RunaError } from '#protocol'

const RECONNECT_MS = 1_000
const TIMEOUT_MS = 10_000

export interface ConnectionOptions {
  /** Such as nats://127.0.0.1:4222 or tls://nats.example.org */
  readonly servers: readonly string[]
  /** Of this machine, for the server's own lists. */
  readonly name: string
  /** A .creds file of NATS. */
  readonly credentialsFile?: string | undefined
}

/**
 * Connects, and stays connected until it is closed: as long as no server can be reached it tries again. Rejects with
 * CONFIG_INVALID where the credentials cannot be read.
 */
export async function connectToNats({
  servers,
  name,
  credentialsFile,
}: ConnectionOptions): Promise<NatsConnection> {
  const authenticator = credentialsFile
    ? credsAuthenticator(await readCredentials(credentialsFile))
    : undefined
  return await connect({
    servers: [...servers],
    name: `runa-${name}`,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    timeout: TIMEOUT_MS,
    // Servers that a server tells of are not those that the owner has named.
    ignoreClusterUpdates: true,
    ...(authenticator ? { authenticator } : {}),
  })
}

async function readCredentials(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const message = `nats.credentialsFile: ${path} cannot be read.`
    throw new RunaError('CONFIG_INVALID', message, { cause })
  }
}
