import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { armIn, FAULT_CASES, type FaultCase, type Outcome, type Place } from './fault-cases.ts'
import { createFaultStage, type FaultStage, faultSpec } from './fault-stage.ts'
import type { TortureOptions, TortureRow } from './row.ts'
import { SPECIAL_FAULTS } from './special-faults.ts'

const TOGETHER = 3
const NOTHING = 'slow-start'

/** Injects faults with known causes into small services, and looks what is said to be the cause, and what follows. */
export async function tortureFaults({ faults }: TortureOptions): Promise<TortureRow[]> {
  const port = await listen()
  const work = [
    ...FAULT_CASES.map((one) => () => inFolder((folder) => runCase(one, { folder, port: port.number }))),
    ...SPECIAL_FAULTS.map((special) => () => inFolder(special)),
  ].slice(0, faults)
  const outcomes: Outcome[] = []
  const workers = Array.from({ length: TOGETHER }, async () => {
    for (let next = work.shift(); next; next = work.shift()) {
      const outcome = await next()
      if (outcome) outcomes.push(outcome)
    }
  })
  await Promise.all(workers)
  port.server.close()
  return tabulate(outcomes)
}

async function listen(): Promise<{ server: Server; number: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, number: typeof address === 'object' && address ? address.port : 0 }
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'runa-fault-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runCase(one: FaultCase, place: Place): Promise<Outcome> {
  const { folder } = place
  armIn(folder)
  const mend = one.prepare(place)
  const { environment, ...changes } = one.spec(place)
  const detail = one.detail(place)
  const spec = faultSpec('worker', folder, {
    ...changes,
    environment: { ...environment, FAULT: one.fault, DETAIL: detail },
  })
  const isModel = spec.kind === 'model'
  const stage = createFaultStage(folder, [faultSpec('bystander', folder), ...(isModel ? [] : [spec])])
  try {
    if (isModel) stage.supervisor.add(spec).start()
    void stage.supervisor.start()
    const worse = await follow(one, stage, folder, () => {
      mend()
      rmSync(join(folder, 'armed'), { force: true })
    })
    const named = one.course === 'slow' ? slowness(stage) : (stage.cause('worker') ?? 'nothing')
    return { name: one.name, cause: one.cause ?? NOTHING, named, worse }
  } finally {
    await stage.close()
  }
}

function slowness(stage: FaultStage): string {
  return stage.cause('worker') ?? (stage.wasTold('worker', /^It is slow, and at work/) ? NOTHING : 'nothing')
}

/** Returns what went wrong; empty where all went as it should. */
async function follow(one: FaultCase, stage: FaultStage, folder: string, mend: () => void): Promise<string> {
  const runs = () => stage.state('worker') === 'running'
  if (one.fault.endsWith('@ready')) {
    if (!(await stage.until(runs, 15_000))) return 'never ran'
    writeFileSync(join(folder, 'now'), '')
  }
  const bystander = await withoutHarm(one, stage, runs, mend)
  if (bystander !== '') return bystander
  return stage.starts('bystander') === 1 && stage.state('bystander') === 'running' ? '' : 'bystander hurt'
}

async function withoutHarm(
  { course }: FaultCase,
  stage: FaultStage,
  runs: () => boolean,
  mend: () => void,
): Promise<string> {
  const failed = () => ['failed', 'backoff', 'waiting'].includes(stage.state('worker'))
  if (course === 'slow') {
    if (!(await stage.until(runs, 20_000))) return 'not waited for'
    return stage.starts('worker') === 1 ? '' : 'started twice'
  }
  if (course === 'again') {
    const isBack = () => stage.cause('worker') !== undefined && runs()
    if (!(await stage.until(isBack, 25_000))) return `did not come back: ${stage.state('worker')}`
    return stage.starts('worker') === 2 ? '' : `${stage.starts('worker')} starts`
  }
  const isOver = () => stage.cause('worker') !== undefined && stage.state('worker') === 'failed'
  if (!(await stage.until(course === 'waits' ? failed : isOver, 25_000))) return 'not noticed'
  if (course !== 'loops' && stage.starts('worker') > 1)
    return `tried blindly: ${stage.starts('worker')} starts`
  if (course === 'loops' && stage.starts('worker') > 5) return `tried ${stage.starts('worker')} times`
  mend()
  if (course !== 'waits') stage.supervisor.find('worker').start()
  return (await stage.until(runs, 15_000)) ? '' : `did not come back: ${stage.state('worker')}`
}

function tabulate(outcomes: readonly Outcome[]): TortureRow[] {
  const causes = [...new Set(outcomes.map(({ cause }) => cause))].sort()
  const rows = causes.map((cause) =>
    rowOf(
      cause,
      outcomes.filter((one) => one.cause === cause),
    ),
  )
  const amiss = outcomes.filter(({ cause, named, worse }) => cause !== named || worse !== '')
  for (const { name, cause, named, worse } of amiss)
    process.stdout.write(
      `amiss: ${name}: is ${cause}, was called ${named}${worse === '' ? '' : `; ${worse}`}\n`,
    )
  return [...rows, rowOf('all', outcomes)]
}

function rowOf(name: string, outcomes: readonly Outcome[]): TortureRow {
  const named = outcomes.filter((one) => one.cause === one.named).length
  const worse = outcomes.filter((one) => one.worse !== '').length
  return { case: name, faults: outcomes.length, named, worse, lost: 0, torn: 0, wedged: worse }
}
