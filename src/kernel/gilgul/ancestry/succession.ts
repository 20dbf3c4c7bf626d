import { type Config, loadConfig } from '#kernel/config'
import { homePaths } from '#kernel/home'
import { replaceProcess } from '#kernel/sys'
import { monotonicMs } from '../clock.ts'
import { note } from '../note.ts'
import { BIRTH } from './birth-names.ts'
import { HOLDING_FDS } from './holdings.ts'

/** So many ancestors may die within the window; after one more, gilgul goes on alone. */
const SUCCESSIONS_MAX = 30
const WINDOW_MS = 60_000

interface SuccessionOptions {
  readonly stopping: AbortController
  readonly locking: AbortController
}

/**
 * For a gilgul whose ancestor has died, by the owner's choice: this process becomes the next ancestor, and so stays the
 * parent of its services, which the next gilgul adopts; or it goes on without secrets, and leases run on until they end; or
 * it takes everything back that was given; or it stops everything.
 */
export async function succeedAncestor({ stopping, locking }: SuccessionOptions): Promise<void> {
  if (stopping.signal.aborted) return
  const wish = await readWish()
  if (wish === 'stop') return stopping.abort()
  if (wish === 'lock') {
    note('coven', 'It has died. What services hold of secrets is taken back, and nobody is given any.')
    return locking.abort()
  }
  const heir = process.env[BIRTH.heir]
  if (wish === 'keep' || heir === undefined)
    return note('coven', 'It has died. Everything goes on without secrets.')
  const successions = [...readSuccessions(), monotonicMs()]
  if (successions.length > SUCCESSIONS_MAX)
    return note('coven', 'It died too often, and is not replaced. Everything goes on without secrets.')
  try {
    replaceProcess({
      words: JSON.parse(heir) as [string, ...string[]],
      environment: environmentOf(successions),
      descriptors: Object.values(HOLDING_FDS),
    })
  } catch (error) {
    note('coven', `It has died, and cannot be replaced: ${error}`)
  }
}

/** A faulty runa.yaml is no reason to lose what runs. */
async function readWish(): Promise<Config['coven']['onDeath']> {
  return await loadConfig(homePaths().config).then(
    ({ coven }) => coven.onDeath,
    () => 'replace',
  )
}

function readSuccessions(): number[] {
  const known = JSON.parse(process.env[BIRTH.successions] ?? '[]') as number[]
  const now = monotonicMs()
  return known.filter((atMs) => now - atMs < WINDOW_MS)
}

/** That of the ancestor, as it was. */
function environmentOf(successions: readonly number[]): Record<string, string> {
  const { [BIRTH.certificates]: certificates, ...own } = process.env
  const left: readonly string[] = [BIRTH.held, BIRTH.restarts, BIRTH.coven, BIRTH.heir]
  const kept = Object.entries(own).flatMap(([name, value]) =>
    value === undefined || left.includes(name) ? [] : [[name, value]],
  )
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
    [BIRTH.successions]: JSON.stringify(successions),
  }
}
