import { awaitService, call, type Transport } from '#kernel/service'
import { RunaError, threadwellContract } from '#protocol'
import type { Supervisor } from '../keeping/supervisor.ts'

/**
 * The page's address. Without the page, a first start has failed: the ancestor tells the person why. Later, that is no
 * reason to end what runs.
 */
export async function addressOf(supervisor: Supervisor, transport: Transport, wasUp: boolean) {
  const page = supervisor.keepers().find(({ spec }) => spec.name === threadwellContract.name)
  if (!page) return { url: '', loginUrl: '' }
  const { state, reason, ending } = page.standing()
  if (state === 'running') return await askForAddress(transport)
  if (wasUp) return { url: '', loginUrl: '' }
  const lost = supervisor.keepers().find((keeper) => keeper.standing().state === 'failed')
  const cause = state === 'failed' ? ending : lost?.standing().ending
  const name = state === 'failed' ? page.spec.name : (lost?.spec.name ?? page.spec.name)
  throw new RunaError(cause?.code ?? 'SERVICE_FAILED', `${name}: ${cause?.sentence ?? reason}`)
}

const ADDRESS_TRIES = 3
const ADDRESS_TIMEOUT_MS = 10_000

/** The page may die between its first heartbeat and this question: then its successor is asked. */
async function askForAddress(transport: Transport) {
  for (let tries = 1; ; tries += 1) {
    try {
      await awaitService(transport, threadwellContract.name, { timeoutMs: ADDRESS_TIMEOUT_MS })
      return await call(threadwellContract, transport).address({})
    } catch (error) {
      if (tries === ADDRESS_TRIES || !(error instanceof RunaError && error.code === 'SERVICE_LOST'))
        throw error
    }
  }
}
