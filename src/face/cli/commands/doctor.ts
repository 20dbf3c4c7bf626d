import { type Finding, loadDoctor } from '#kernel/gilgul'
import { gilgulContract, RunaError, type ServiceStatus } from '#protocol'
import { withRuna } from '../connection.ts'
import { plural, print } from '../output.ts'

const MARKS = { well: 'ok   ', doubtful: 'look ', wrong: 'WRONG' } as const

/** Looks for what is amiss with this Runa, whether it runs or not, and says what would be done. Changes nothing. */
export async function doctor({ json }: { readonly json: boolean }): Promise<void> {
  const { examineRuna } = await loadDoctor()
  const asked = await askServices()
  const found = await examineRuna(asked.services, undefined, asked.secrets)
  const findings = asked.finding ? [...found, asked.finding] : found
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong').length
  const lines = findings.flatMap(({ subject, verdict, cause, text, repairs, advice }) => [
    `${MARKS[verdict]} ${subject}: ${text}${cause === undefined ? '' : ` [${cause}]`}`,
    ...repairs.map((repair) => `        By itself: ${repair}`),
    ...(advice === '' ? [] : [`        You can: ${advice}`]),
  ])
  const sum = wrong === 0 ? 'Nothing is wrong.' : `${plural(wrong, 'thing')} wrong. Nothing was changed.`
  print({ running: asked.services !== undefined, wrong, findings }, json, [...lines, '', sum].join('\n'))
  if (wrong > 0) process.exitCode = 1
}

type Doctor = Awaited<ReturnType<typeof loadDoctor>>

interface Asked {
  readonly services: readonly ServiceStatus[] | undefined
  readonly secrets?: Parameters<Doctor['examineRuna']>[2]
  /** Where there is a Runa that does not answer. */
  readonly finding?: Finding
}

async function askServices(): Promise<Asked> {
  try {
    const ask = withRuna([], async ({ client, signal }) => client(gilgulContract).status({}, { signal }))
    const { services, coven, secretMemory } = await ask
    return { services, secrets: { coven, secretMemory } }
  } catch (error) {
    if (!(error instanceof RunaError) || error.code === 'CANCELLED') throw error
    if (error.code === 'NOT_RUNNING') return { services: undefined }
    const text = `gilgul runs, and does not answer: ${error.message}`
    const advice = 'Stop it and start it again: `runa down`, then `runa up`.'
    return {
      services: [],
      finding: { subject: 'gilgul', verdict: 'wrong', cause: 'hang', text, repairs: [], advice },
    }
  }
}
