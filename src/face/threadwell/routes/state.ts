import type { Secrets } from '#kernel/service'
import { RunaError } from '#protocol'
import type { AppState } from '../api.ts'
import type { Boards } from '../board/boards.ts'
import type { Marks } from '../marks.ts'
import type { Services } from '../services.ts'

/** A page would rather show what there is than wait for what is being restarted. */
const PATIENCE_MS = 2_000

export interface StateSources {
  readonly services: Services
  readonly boards: Boards
  readonly marks: Marks
  readonly version: string
  readonly policyEnabled: boolean
  readonly secrets: Pick<Secrets, 'available'>
}

/** Everything that each page shows, in one answer. What a service does not tell is empty, and named in `faults`. */
export async function readState(sources: StateSources): Promise<AppState> {
  const { services, boards, marks, version, policyEnabled, secrets } = sources
  const faults: AppState['faults'] = []
  const options = { timeoutMs: PATIENCE_MS }

  async function ask<Answer>(service: string, question: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await question
    } catch (error) {
      const known = error instanceof RunaError ? error : new RunaError('INTERNAL')
      faults.push({ service, code: known.code, message: known.message })
      return undefined
    }
  }

  const [status, models, ledger, topics] = await Promise.all([
    ask('gilgul', services.gilgul.status({}, options)),
    ask('inference', services.inference.models({}, options)),
    ask('inference', services.inference.ledger({ limit: 0 }, options)),
    ask('tieto', services.tieto.topics({}, options)),
  ])
  for (const fault of boards.faults) faults.push({ service: 'threadwell', ...fault })
  const chosen = models?.models.find(
    (model) => model.isDefault && model.purpose === 'chat' && model.engine !== 'extractive',
  )
  return {
    version,
    model: chosen ? { id: chosen.id, engine: chosen.engine, name: chosen.name } : null,
    policyEnabled,
    hasVault: secrets.available,
    outward: ledger?.total ?? 0,
    cards: countRuns(boards),
    services: status?.services ?? [],
    boards: boards.names(),
    topics: topics?.topics ?? [],
    firstVisit: !marks.values.visited,
    faults,
  }
}

export function countRuns(boards: Boards): AppState['cards'] {
  const counts = { queued: 0, running: 0, failed: 0, 'needs-you': 0, done: 0 }
  for (const board of boards.all()) {
    for (const { run } of board.lists.flatMap((list) => list.cards)) if (run) counts[run.state] += 1
  }
  const { queued, running, failed, 'needs-you': needsYou } = counts
  return { queued, running, failed, needsYou }
}
