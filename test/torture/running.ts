import { setTimeout as sleep } from 'node:timers/promises'
import { call, connect } from '#kernel/service'
import { type Client, type Contract, conversationContract, gilgulContract, type Turn } from '#protocol'
import { kill, type TestRuna } from '../system/test-runa.ts'

/** A Runa that answers no question for so long does not come back. */
const WEDGED_MS = 30_000

type ClientOf = <C extends Contract>(contract: C) => Client<C>

export async function overBus<Result>(
  runa: TestRuna,
  use: (clientOf: ClientOf) => Promise<Result>,
): Promise<Result> {
  const { transportTo, close } = await connect(runa.state().bus, `torture-${process.pid}`)
  try {
    return await use((contract) => call(contract, transportTo(contract.name)))
  } finally {
    close()
  }
}

export interface Question {
  readonly question: string
  readonly topics?: string[]
  readonly thread?: string
}

/** Resolves once the turn was acknowledged. `onBegin` hears which answer has begun, in which thread. */
export async function askOnce(
  runa: TestRuna,
  question: Question,
  onBegin: (answer: string, thread: string) => void = () => {},
): Promise<Turn> {
  return await overBus(runa, async (clientOf) => {
    const options = { timeoutMs: 10_000 }
    for await (const item of clientOf(conversationContract).turn(question, options)) {
      if (item.kind === 'start') onBegin(item.answer, item.thread ?? '')
      if (item.kind === 'end') return item.turn
    }
    throw new Error('the answer broke off')
  })
}

/** Undefined while it does not run. */
async function pidOf(runa: TestRuna, name: string): Promise<number | undefined> {
  return await overBus(runa, async (clientOf) => {
    const { services } = await clientOf(gilgulContract).status({})
    const service = services.find((status) => status.name === name)
    return service?.state === 'running' ? (service.pid ?? undefined) : undefined
  }).catch(() => undefined)
}

/**
 * Kills one when the moment has come, and resolves with how long it took until a question was answered that had been
 * asked after it was back. Undefined where that did not happen.
 */
export async function killOne(
  runa: TestRuna,
  name: string,
  answeredMs: () => number,
  moment: () => Promise<void> = async () => {},
): Promise<number | undefined> {
  const pid = await pidOf(runa, name)
  if (pid === undefined) return 0
  await moment()
  const killedMs = performance.now()
  kill(pid)
  const isLate = () => performance.now() - killedMs > WEDGED_MS
  for (;;) {
    const next = await pidOf(runa, name)
    if (next !== undefined && next !== pid) break
    if (isLate()) return undefined
    await sleep(5)
  }
  // Whatever was under way when it died may still be answered: what counts was asked and answered after it was back.
  const backMs = performance.now()
  while (answeredMs() < backMs) {
    if (isLate()) return undefined
    await sleep(5)
  }
  return answeredMs() - killedMs
}
