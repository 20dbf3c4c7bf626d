import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { bootId, identify, isAlive } from '../identity.ts'
import { type RunState, readRunState } from './run-state.ts'
import { createRunStateFile } from './run-state-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-state-'))
const path = join(folder, 'runa.json')
after(() => rmSync(folder, { recursive: true }))

const own = identify(process.pid) ?? assert.fail('this process has a start time')
const state: RunState = {
  version: 1,
  bootId: bootId(),
  bus: '/dev/shm/runa-x/bus',
  url: 'http://127.0.0.1:7862',
  ancestor: own,
  gilgul: own,
  services: { tieto: { process: own, restarts: 2 }, inference: { process: null, restarts: 0 } },
}

test('what was written is read, the last of many changes wins, and a removed file stays away', async () => {
  const file = createRunStateFile(path, assert.ifError)
  for (let restarts = 0; restarts < 50; restarts += 1) {
    file.update(() => ({ ...state, services: { tieto: { process: null, restarts } } }))
  }
  while (readRunState(path)?.services['tieto']?.restarts !== 49) await new Promise(setImmediate)
  file.update(() => state)
  await file.remove()
  file.update(() => state)
  assert.equal(readRunState(path), undefined)
})

test('a state of before the machine was started anew is none', () => {
  writeFileSync(path, JSON.stringify({ ...state, bootId: 'another' }))
  assert.equal(readRunState(path), undefined)
})

test('a state that fits is read, and one with anything amiss is none', () => {
  writeFileSync(path, JSON.stringify(state))
  assert.deepEqual(readRunState(path), state)
  const fields = Object.keys(state)
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
      if (['bus', 'url', 'bootId'].includes(field) && typeof value === 'string') return
      if (field === 'services' && JSON.stringify(value) === '{}') return
      if (field === 'version' && value === 1) return
      writeFileSync(path, JSON.stringify({ ...state, [field]: value }))
      assert.equal(readRunState(path), undefined)
    }),
  )
  writeFileSync(path, JSON.stringify(state).slice(0, -9))
  assert.equal(readRunState(path), undefined)
})

test('a process is known by its start as well as by its number', () => {
  assert.ok(isAlive(own))
  assert.ok(!isAlive({ ...own, startTicks: own.startTicks - 1 }))
})
