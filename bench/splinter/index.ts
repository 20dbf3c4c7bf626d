import { mkdtempSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createKey } from '#kernel/seal'
import type { Row } from '../row.ts'
import { benchMessages, benchRoundTrips } from './message-cases.ts'
import { choose } from './compare.ts'
import { startServers } from './servers.ts'
import { benchAllocation, benchNeighbours, benchStores } from './store-cases.ts'

/**
 * The store, messages, round trips and typed calls, against what a user would pick instead and what cannot be beaten: all
 * of it, or the rows that have every one of the words.
 */
export async function benchSplinter(peers: URL, words: readonly string[]): Promise<Row[]> {
  const folder = mkdtempSync('/dev/shm/runa-bench-')
  const servers = await startServers(folder)
  for (const name of servers.missing) process.stderr.write(`${name} is not installed: it is left out.\n`)
  const isWanted = choose(words)
  const base = { folder, peers: fileURLToPath(peers), natsPort: servers.natsPort, secret: createKey().toString('hex') }
  try {
    return [
      ...(await benchStores(base, servers.missing, isWanted)),
      ...(await benchNeighbours(base, isWanted)),
      ...(await benchAllocation(base, isWanted)),
      ...(await benchMessages(base, servers.missing, isWanted)),
      ...(await benchRoundTrips(base, servers.missing, isWanted)),
    ]
  } finally {
    await servers.end()
    rmSync(folder, { recursive: true, force: true })
  }
}
