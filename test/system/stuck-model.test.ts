import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { homePaths } from '#kernel/home'
import { createBusTransport } from '#kernel/service'
import { attachBus, createBus } from '#kernel/splinter'
import { createPipe } from '#kernel/sys'
import type { FailureCause } from '#protocol'
import { createExaminer } from '../../src/kernel/gilgul/diagnosis/examiner.ts'
import { endingOf } from '../../src/kernel/gilgul/keeping/ending.ts'
import { createLauncher, logPath } from '../../src/kernel/gilgul/keeping/launch.ts'
import { lastWords } from '../../src/kernel/gilgul/keeping/log-file.ts'
import { takePulse } from '../../src/kernel/gilgul/keeping/pulse.ts'
import { createSupervisor } from '../../src/kernel/gilgul/keeping/supervisor.ts'
import { probeHere } from '../../src/kernel/gilgul/own/here.ts'
import type { Realm } from '../../src/kernel/gilgul/realm.ts'
import { modelSpec } from '../../src/kernel/gilgul/spec/service-table.ts'

const folder = mkdtempSync('/dev/shm/runa-stuck-model-')
const paths = homePaths(folder)
mkdirSync(paths.logs, { recursive: true })
const busPath = join(folder, 'bus')
createBus({ path: busPath, sizeBytes: 8 * 2 ** 20 })
const bus = attachBus(busPath, { name: 'gilgul' })
const { readEnd, writeEnd } = createPipe()
const worldFd = openSync(join(folder, 'world.lock'), 'a+')
after(() => {
  bus.close()
  for (const fd of [readEnd, writeEnd, worldFd]) closeSync(fd)
  rmSync(folder, { recursive: true })
})

const NAME = 'model-stuck'
const SPEC = {
  ...modelSpec(NAME, { id: 'stuck' }),
  main: fileURLToPath(new URL('stuck-model-worker.js', import.meta.url)),
  liveness: { inference: true as const, periodSeconds: 1, timeoutSeconds: 0.5, failuresMax: 1 },
}

/** With gilgul's own launcher, pulse, probing and examiner; without coven and the rest of Runa. */
function keep(causes: FailureCause[]) {
  const examiner = createExaminer({
    ...{ home: folder, folders: [folder], isRunning: () => true },
    linesOf: (name, fromBytes) => lastWords(logPath(paths.logs, name), fromBytes),
  })
  const supervisor = createSupervisor({
    specs: [],
    launch: createLauncher({
      ...{ logsFolder: paths.logs, worldFd, lifelineFd: readEnd, home: folder },
      environment: ({ name }) => ({
        PATH: process.env['PATH'] ?? '',
        ...{ RUNA_HOME: folder, RUNA_SERVICE: name, RUNA_BUS: busPath },
      }),
      birth: () => ({ words: new Map(), identity: undefined }),
      confine: (_, words) => ({ words, environment: {} }),
    }),
    async explain(spec, process, manner) {
      const examined = await examiner.examine(spec, process, manner)
      return endingOf(examined, { configPath: paths.config, program: spec.main })
    },
    onChange(name) {
      const { state, trouble } = supervisor.find(name).standing()
      if (state === 'backoff' && trouble) causes.push(trouble.cause)
    },
  })
  const pulse = takePulse(supervisor, bus.members)
  const realm = { paths, bus, config: { engine: { servers: [] }, bus: {} } } as unknown as Realm
  const transport = createBusTransport(bus)
  const endProbing = probeHere(realm, transport, supervisor.keepers)
  return { supervisor, ends: [pulse.end, endProbing, transport.close] }
}

test('a model that beats and makes no token is found, and started again', async () => {
  const causes: FailureCause[] = []
  const { supervisor, ends } = keep(causes)
  const keeper = supervisor.add(SPEC)
  keeper.start()
  try {
    const log = () => readFileSync(logPath(paths.logs, NAME), 'utf8')
    while (!log().includes('proved')) await sleep(20)
    assert.deepEqual(causes, ['hang'])
    assert.match(keeper.standing().trouble?.because ?? '', /asked 2 times in a row .* for a token/)
    const { process, state } = keeper.standing()
    // It goes on being asked, and is well.
    while (log().split('proved').length < 4) await sleep(20)
    assert.deepEqual(keeper.standing().process, process)
    assert.equal(state, 'running')
  } finally {
    await supervisor.stop()
    for (const end of ends) end()
  }
})
