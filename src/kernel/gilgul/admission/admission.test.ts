import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Told } from '../history/history.ts'
import type { Keeper } from '../keeping/keeper.ts'
import { createAdmission } from './admission.ts'
import type { Room } from './decide.ts'
import { openPeaks } from './peaks.ts'

const MEBIBYTE = 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'runa-admission-'))
after(() => rmSync(folder, { recursive: true }))

const SETTINGS = {
  digest: 'd',
  contextTokens: 4_096,
  memory: {
    weightsBytes: 500 * MEBIBYTE,
    cacheBytesPerToken: 131_072,
    bufferBytes: 100 * MEBIBYTE,
    contextTokensMin: 512,
  },
}

function createStage(
  freeMebibytes: number,
  keepers: readonly Keeper[] = [],
  residentBytes = (_pid: number) => 0,
) {
  const told: Told[] = []
  const room: Room = {
    freeBytes: freeMebibytes * MEBIBYTE,
    totalBytes: 6_000 * MEBIBYTE,
    limitedBy: 'machine',
  }
  const path = join(mkdtempSync(join(folder, 'run-')), 'peaks.json')
  const peaks = openPeaks(path, assert.ifError)
  const admission = createAdmission({
    ...{ peaks, keepers: () => keepers, readRoom: () => room, residentBytes },
    tell: (one) => told.push(one),
  })
  return { admission, told, peaks, path }
}

test('what fits is started as it is, what is too large with less, and what never fits is refused', () => {
  assert.deepEqual(createStage(2_000).admission.admit('model-a', SETTINGS), SETTINGS)
  const { admission, told } = createStage(1_100)
  const granted = admission.admit('model-a', SETTINGS)
  assert.ok(Number(granted['contextTokens']) < 4_096)
  assert.equal(told[0]?.kind, 'admitted')
  const small = createStage(700)
  assert.throws(() => small.admission.admit('model-a', SETTINGS), {
    code: 'MODEL_TOO_LARGE',
    message: /needs 1\.2 GB for 4096 tokens; 734 MB of this machine is free/,
  })
  assert.deepEqual(
    small.told.map(({ kind, cause }) => [kind, cause]),
    [['refused', 'model-too-big']],
  )
})

test('of a model that says nothing about its size nothing is asked', () => {
  assert.deepEqual(createStage(0).admission.admit('model-a', { path: '/m' }), { path: '/m' })
})

test('one that there was no memory for has half of its context, until that is of no use', () => {
  const { admission } = createStage(3_000)
  assert.equal(admission.shrink('model-a', SETTINGS)?.['contextTokens'], 2_048)
  assert.equal(admission.shrink('model-a', { ...SETTINGS, contextTokens: 700 }), undefined)
})

test('the peak of a model that runs is remembered on the disk, and corrects what is asked for', async () => {
  const running = {
    spec: { name: 'model-b', kind: 'model', settings: { ...SETTINGS, digest: 'b' } },
    standing: () => ({ state: 'running', process: { pid: process.pid, startTicks: 1 } }),
  } as unknown as Keeper
  const { admission, peaks, path } = createStage(2_000, [running])
  admission.measure()
  assert.ok((peaks.of('b')?.peakBytes ?? 0) > MEBIBYTE)
  await admission.close()
  assert.equal(openPeaks(path, assert.ifError).of('b')?.contextTokens, 4_096)
})

test('a file of peaks that cannot be understood is begun anew, and it does not grow', async () => {
  const path = join(folder, 'peaks.json')
  writeFileSync(path, '{"version":')
  const peaks = openPeaks(path, assert.ifError)
  for (let model = 0; model < 100; model += 1) {
    peaks.take({ digest: String(model), contextTokens: 1, peakBytes: 1 })
  }
  assert.equal(peaks.of('0'), undefined)
  assert.equal(peaks.of('99')?.peakBytes, 1)
  await peaks.close()
  assert.equal((JSON.parse(readFileSync(path, 'utf8')) as { peaks: unknown[] }).peaks.length, 64)
})

test('a service is refused where what it is said to need is promised to others already', () => {
  const standing = (pid: number) => () => ({ state: 'running', process: { pid, startTicks: 1 } })
  const service = (name: string, mebibytes: number) =>
    ({ name, kind: 'service', memoryBytes: mebibytes * MEBIBYTE }) as unknown as Keeper['spec']
  // The first has taken all that it was promised, the second has 500 MiB to come.
  const keepers = [
    { spec: service('grown', 300), standing: standing(1) },
    { spec: service('growing', 600), standing: standing(2) },
  ] as unknown as Keeper[]
  const residentBytes = (pid: number) => (pid === 1 ? 300 : 100) * MEBIBYTE
  const { admission } = createStage(2_000, keepers, residentBytes)
  admission.requireRoom(service('mine', 1_100))
  admission.requireRoom(service('growing', 1_600))
  assert.throws(() => admission.requireRoom(service('mine', 1_300)), {
    code: 'SERVICE_TOO_LARGE',
    message:
      'mine is said to need 1.4 GB; 1.6 GB of this machine is free, of which 315 MB stays for everything else. Promised before: 524 MB to growing.',
  })
  // A model has to leave room for it as well.
  const { admission: small } = createStage(1_500, keepers, residentBytes)
  assert.ok(Number(small.admit('model-a', SETTINGS)['contextTokens']) < 4_096)
})
