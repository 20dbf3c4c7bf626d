import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig, runaServicesSchema } from '#kernel/config'
import { changeModel, changeServices, missingPrograms } from './replacement.ts'
import { modelSpec, SERVICES } from './service-table.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-replacement-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'mine'), '#!/bin/sh\n', { mode: 0o700 })
writeFileSync(join(folder, 'not-mine'), 'no program\n', { mode: 0o600 })

function replace(text: string) {
  return changeServices(SERVICES, parseConfig(text).services)
}

test('without a word in runa.yaml every service is as Runa has it', () => {
  assert.deepEqual(replace(''), SERVICES)
})

test('a replaced service runs behind the bridge, and keeps its place', () => {
  for (const program of ['mine', './mine', join(folder, 'mine')]) {
    const specs = replace(`services:\n  tieto:\n    command: ["${program}", "--fast"]\n`)
    const changed = specs.filter((spec, index) => spec !== SERVICES[index])
    assert.deepEqual(
      changed.map(({ name, replacedBy }) => [name, replacedBy]),
      [['tieto', [program, '--fast']]],
    )
    assert.match(changed[0]?.main ?? '', /bridge\/main\.js$/)
  }
})

test('a program that cannot be run is named', () => {
  const missing = (program: string) =>
    missingPrograms(parseConfig(`services: {tieto: {command: ["${program}"]}}`).services, {
      folder,
      searchPath: `/nonexistent:${folder}`,
    })
  for (const program of ['no-such-program', './no/such', 'not-mine', './not-mine', '.', '..'])
    assert.deepEqual(missing(program), [{ name: 'tieto', program }])
  for (const program of ['mine', './mine', join(folder, 'mine')]) assert.deepEqual(missing(program), [])
})

test('what runa.yaml says of a service goes before what Runa has, field by field', () => {
  const specs = replace(
    [
      'services:',
      '  snarf:',
      '    {needs: [tieto, mine], environment: {A: b}, readySeconds: 40, restart: {deathsMax: 1}, silenceSeconds: 20, secrets: [x]}',
      '  model: {stopSeconds: 9}',
    ].join('\n'),
  )
  const [before, after] = [SERVICES, specs].map((all) => all.find(({ name }) => name === 'snarf'))
  assert.ok(before && after)
  assert.deepEqual(after, {
    ...before,
    needs: ['tieto', 'mine'],
    environment: { ...before.environment, A: 'b' },
    ...{ readyMs: 40_000, missedBeatsMax: 20, grants: ['x'] },
    restart: { ...before.restart, deathsMax: 1 },
  })
  const model = changeModel(
    modelSpec('model-a', {}),
    parseConfig('services: {model: {stopSeconds: 9}}').services,
  )
  assert.equal(model.stopMs, 9_000)
})

test('the services that runa.yaml may speak of are those that there are', () => {
  const { model: _, ...shape } = runaServicesSchema.def.innerType.shape
  assert.deepEqual(
    Object.keys(shape),
    SERVICES.map(({ name }) => name),
  )
})
