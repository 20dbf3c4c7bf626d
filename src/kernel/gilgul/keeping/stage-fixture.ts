import assert from 'node:assert/strict'
import { after } from 'node:test'
import type { FailureCause } from '#protocol'
import type { ServiceSpec } from '../spec/spec.ts'
import type { Exit, LaunchedProcess } from './launch.ts'
import { RESTART_DEFAULT } from './restarts.ts'
import { createSupervisor } from './supervisor.ts'

export const LIMITS = { readyMs: 60_000, missedBeatsMax: 3, stopMs: 60_000, restart: RESTART_DEFAULT }

// The deadlines of keepers hold no process awake: gilgul has a bus that does.
const awake = setInterval(() => {}, 60_000)
after(() => clearInterval(awake))

export function spec(
  name: string,
  needs: readonly string[] = [],
  limits: Partial<ServiceSpec> = {},
): ServiceSpec {
  return {
    name,
    kind: 'service',
    main: '',
    needs,
    speaks: [],
    secrets: [],
    environment: {},
    nodeFlags: [],
    ...LIMITS,
    ...limits,
  }
}

interface Fake extends LaunchedProcess {
  readonly name: string
  readonly asked: string[]
  die(exit: Partial<Exit>): void
}

/** Processes that live and die as the test says; each obeys the wish to end, unless it is `stubborn`. */
/** What a process died of, by its status. */
const CAUSES: Readonly<Record<string, FailureCause>> = {
  9: 'port-taken',
  10: 'bad-configuration',
  11: 'dependency-down',
  12: 'out-of-memory',
  13: 'illegal-instruction',
}

/** A supervisor over processes that do as the test says. */
export function createStage(
  specs: readonly ServiceSpec[],
  stubborn: readonly string[] = [],
  files: Readonly<Record<string, readonly string[]>> = {},
  held: (spec: ServiceSpec) => string | undefined = () => undefined,
) {
  const launched: Fake[] = []
  const reasons: Record<string, string[]> = {}
  const repairs: string[] = []
  function launch({ name }: ServiceSpec): Fake {
    let settle: (exit: Exit) => void = () => {}
    const exited = new Promise<Exit>((resolve) => {
      settle = resolve
    })
    const asked: string[] = []
    const die = (exit: Partial<Exit>) => settle({ code: null, signal: null, ...exit })
    const fake: Fake = {
      name,
      process: { pid: launched.length + 1, startTicks: 1 },
      logStart: 0,
      exited,
      asked,
      die,
      end() {
        asked.push('end')
        if (!stubborn.includes(name)) die({ code: 0 })
      },
      kill() {
        asked.push('kill')
        die({ signal: 'SIGKILL' })
      },
    }
    launched.push(fake)
    return fake
  }
  const supervisor = createSupervisor({
    specs,
    launch,
    held,
    // A short pause, which a busy machine does not skip: who waits for it sees it.
    random: () => 0.2,
    explain: (_, process, { exit, verdict }) => ({
      ...{ advice: '', paths: files[String(exit.code)] ?? [], orphan: undefined, folders: [] },
      sentence: verdict?.sentence ?? `${process.process?.pid} ended by ${exit.signal ?? exit.code}.`,
      code: exit.code === 9 ? 'PORT_BUSY' : undefined,
      cause: CAUSES[String(exit.code)] ?? 'unknown',
    }),
    async runRepair(one, { run }, { cause }) {
      repairs.push([one.name, cause, ...run].join(' '))
    },
    shrink: (one) => (one.kind === 'model' ? { ...one, readyMs: one.readyMs / 2 } : undefined),
    onChange(name) {
      reasons[name] = [...(reasons[name] ?? []), supervisor.find(name).standing().state]
    },
  })
  const last = (name: string) => launched.findLast((fake) => fake.name === name) ?? assert.fail(`no ${name}`)
  const stateOf = (name: string) => supervisor.find(name).standing().state
  async function until(name: string, state: string): Promise<void> {
    while (stateOf(name) !== state) await new Promise(setImmediate)
  }
  return { supervisor, launched, last, stateOf, until, reasons, repairs }
}
