import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '#kernel/config'
import { changeServices } from './replacement.ts'
import { SERVICES } from './service-table.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-replacement-'))
const configPath = join(folder, 'runa.yaml')
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'mine'), '#!/bin/sh\n', { mode: 0o700 })
writeFileSync(join(folder, 'not-mine'), 'no program\n', { mode: 0o600 })

function replace(text: string) {
  writeFileSync(configPath, text)
  return changeServices(SERVICES, {
    services: parseConfig(text).services,
    configPath,
    folder,
    searchPath: `/nonexistent:${folder}`,
  })
}

test('without a replacement every service is Runa’s own', async () => {
  assert.deepEqual(await replace(''), SERVICES)
})

test('a replaced service runs behind the bridge, and keeps its place', async () => {
  for (const program of ['mine', './mine', join(folder, 'mine')]) {
    const specs = await replace(`services:\n  tieto:\n    command: ["${program}", "--fast"]\n`)
    const changed = specs.filter((spec, index) => spec !== SERVICES[index])
    assert.deepEqual(
      changed.map(({ name, replacedBy }) => [name, replacedBy]),
      [['tieto', [program, '--fast']]],
    )
    assert.match(changed[0]?.main ?? '', /bridge\/main\.js$/)
  }
})

test('a program that cannot be run is named with its line', async () => {
  for (const program of ['no-such-program', './no/such', 'not-mine', './not-mine', '.', '..']) {
    await assert.rejects(replace(`# mine\nservices:\n  tieto:\n    command: ["${program}"]\n`), {
      code: 'CONFIG_INVALID',
      message: `runa.yaml, line 4: services.tieto.command: there is no program '${program}' that can be run.`,
    })
  }
})
