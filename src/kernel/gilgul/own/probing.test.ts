import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Probe } from '#kernel/config'
import type { Keeper } from '../keeping/keeper.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { startProbing } from './probing.ts'

/** A service whose probe looks for a file `well`, and writes each question into `asked`. */
function createStage(context: TestContext, spec: Partial<ServiceSpec>, state: 'starting' | 'running') {
  const folder = mkdtempSync(join(tmpdir(), 'runa-probing-'))
  const told = { looks: 0, heard: 0, hung: [] as string[] }
  const standing = { state, process: { pid: 7, startTicks: 1 } }
  const keeper = {
    spec,
    standing() {
      told.looks += 1
      return standing
    },
    heard() {
      told.heard += 1
      standing.state = 'running'
    },
    hung: (sentence: string) => told.hung.push(sentence),
  } as unknown as Keeper
  const end = startProbing({
    keepers: () => [keeper],
    surroundings: () => ({
      folder,
      environment: { PATH: process.env['PATH'] ?? '' },
      infer: () => assert.fail('no model was to be asked'),
    }),
  })
  context.after(() => {
    end()
    rmSync(folder, { recursive: true })
  })
  const asked = () => (existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked')).length : 0)
  return { folder, told, standing, asked, beWell: () => writeFileSync(join(folder, 'well'), '') }
}

const PROBE: Probe = {
  command: ['sh', '-c', 'printf . >>asked; test -e well'],
  ...{ periodSeconds: 0.5, timeoutSeconds: 5, failuresMax: 1 },
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5)
}

test('a program of the owner is ready with the first answer that it is well, and no sooner', async (context) => {
  const stage = createStage(context, { command: ['a'], liveness: PROBE }, 'starting')
  await until(() => stage.asked() >= 3)
  assert.deepEqual([stage.told.heard, stage.told.hung], [0, []])
  stage.beWell()
  await until(() => stage.told.heard > 0)
})

test('one that runs is taken for hung after one failure more than is borne', async (context) => {
  const stage = createStage(context, { command: ['a'], liveness: PROBE }, 'running')
  await until(() => stage.told.hung.length > 0)
  assert.equal(stage.asked(), 2)
  assert.match(stage.told.hung[0] ?? '', /2 times in a row how it is, by a program/)
})

test('an answer in between makes up for the failures before it', async (context) => {
  const stage = createStage(context, { command: ['a'], liveness: { ...PROBE, failuresMax: 2 } }, 'running')
  await until(() => stage.asked() === 2)
  stage.beWell()
  await until(() => stage.asked() === 4)
  rmSync(join(stage.folder, 'well'))
  await until(() => stage.asked() >= 6)
  assert.deepEqual(stage.told.hung, [])
})

test('without a probe, a program is well as long as it is there', async (context) => {
  const { told } = createStage(context, { command: ['a'] }, 'starting')
  await until(() => told.heard >= 2)
})

test('a service on the bus beats for itself, and its probe only finds that it hangs', async (context) => {
  const stage = createStage(context, { liveness: PROBE }, 'starting')
  await until(() => stage.told.looks >= 6)
  assert.equal(stage.asked(), 0)
  stage.standing.state = 'running'
  await until(() => stage.told.hung.length > 0)
  assert.equal(stage.told.heard, 0)
})

test('a successor is asked anew', async (context) => {
  const stage = createStage(context, { command: ['a'], liveness: PROBE }, 'running')
  await until(() => stage.asked() === 1)
  stage.standing.process = { pid: 8, startTicks: 2 }
  await until(() => stage.asked() === 2)
  assert.deepEqual(stage.told.hung, [])
  await until(() => stage.told.hung.length > 0)
  assert.equal(stage.asked(), 3)
})
