import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig, parseConfig } from './config.ts'

test('an empty file and no file at all mean the defaults', async () => {
  assert.deepEqual(parseConfig(''), await loadConfig('/nonexistent/runa.yaml', {}))
  assert.equal(parseConfig('# nothing\n').policy.enabled, true)
})

test('what is set goes before the default, and leaves its neighbours alone', () => {
  const { engine, face } = parseConfig('engine:\n  contextTokens: 512\n')
  assert.deepEqual([engine.contextTokens, engine.threads, face.port], [512, 0, parseConfig('').face.port])
})

test('a mistake is named by its line', () => {
  assert.throws(() => parseConfig('face:\n  port: many\n'), {
    code: 'CONFIG_INVALID',
    message: /line 2: face\.port/,
  })
  assert.throws(() => parseConfig('face:\n  - : {\n'), { code: 'CONFIG_INVALID', message: /line \d/ })
  assert.throws(() => parseConfig('engine: {}\nfacade: 1\n'), { code: 'CONFIG_INVALID', message: /facade/ })
  assert.throws(() => parseConfig('just a sentence'), { code: 'CONFIG_INVALID' })
})

test('RUNA_PORT goes before the file, and must be a port', async () => {
  const port = async (RUNA_PORT: string) =>
    (await loadConfig('/nonexistent/runa.yaml', { RUNA_PORT })).face.port
  assert.equal(await port('0'), 0)
  assert.equal(await port('8123'), 8123)
  for (const wrong of ['99999', '-1', 'web', '80 81']) {
    await assert.rejects(port(wrong), { code: 'CONFIG_INVALID', message: /RUNA_PORT/ })
  }
})

test('a service that is replaced needs a program, and a name that can be replaced', () => {
  const { services } = parseConfig('services:\n  tieto:\n    command: [python3, tieto.py]\n')
  assert.deepEqual(services.tieto?.command, ['python3', 'tieto.py'])
  const wrong: [text: string, told: RegExp][] = [
    ['services:\n  tieto:\n    command: python3\n', /line 3: services\.tieto\.command: is a list/],
    ['services:\n  tieto:\n    command: []\n', /line 3: services\.tieto\.command: names no program/],
    ['services:\n  tieto:\n    comand: [a]\n', /line 3: services\.tieto\.comand: .* Did you mean command\?/],
    [
      'services:\n  tieto: {command: [a]}\n  tietto: {command: [a]}\n',
      /line 3: services\.tietto: .* Did you mean tieto\?/,
    ],
    ['services:\n  threadwell: {command: [a]}\n', /line 2: services\.threadwell\.command: there is no such/],
    ['services:\n  inference: {command: [a]}\n', /line 2: services\.inference\.command: .* policy\.enabled/],
  ]
  for (const [text, message] of wrong) {
    assert.throws(() => parseConfig(text), { code: 'CONFIG_INVALID', message }, text)
  }
  const without = 'policy: {enabled: false}\nservices:\n  inference: {command: [a]}\n'
  assert.deepEqual(parseConfig(without).services.inference?.command, ['a'])
})

test('Runa’s own services and models have the fields that services of the owner have', () => {
  const { services } = parseConfig(
    'services:\n  snarf: {restart: {deathsMax: 3}, silenceSeconds: 20}\n  model: {liveness: {inference: true}}\n',
  )
  assert.deepEqual(services.snarf, { restart: { deathsMax: 3 }, silenceSeconds: 20 })
  assert.deepEqual(services.model?.liveness, {
    inference: true,
    periodSeconds: 5,
    timeoutSeconds: 2,
    failuresMax: 1,
  })
  for (const text of [
    'snarf: {liveness: {inference: true}}',
    'model: {needs: [tieto]}',
    'snarf: {group: a}',
  ]) {
    assert.throws(() => parseConfig(`services: {${text}}\n`), { code: 'CONFIG_INVALID' }, text)
  }
})
