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
