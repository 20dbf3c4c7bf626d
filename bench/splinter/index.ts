import { mkdtempSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createKey } from '#kernel/seal'
import type { Row } from '../row.ts'
import { benchMessages, benchRoundTrips } from './message-cases.ts'
import { startServers } from './servers.ts'
import { benchAllocation, benchNeighbours, benchStores } from './store-cases.ts'

/** The store, messages, round trips and typed calls, against what a user would pick instead and what cannot be beaten. */
export async function benchSplinter(peers: URL): Promise<Row[]> {
  const folder = mkdtempSync('/dev/shm/runa-bench-')
  const servers = await startServers(folder)
  for (const name of servers.missing) process.stderr.write(`${name} is not installed: it is left out.\n`)
  const base = { folder, peers: fileURLToPath(peers), natsPort: servers.natsPort, secret: createKey().toString('hex') }
  try {
    return [
      ...(await benchStores(base, servers.missing)),
      ...(await benchNeighbours(base)),
      ...(await benchAllocation(base)),
      ...(await benchMessages(base, servers.missing)),
      ...(await benchRoundTrips(base, servers.missing)),
    ]
  } finally {
    await servers.end()
    rmSync(folder, { recursive: true, force: true })
  }
}
