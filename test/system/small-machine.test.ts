import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readHistory } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import type { ServiceStatus } from '#protocol'
import { writeModel } from '../model/fixtures.ts'
import { ggufHeader } from '../model/gguf.ts'
import { randomLlama, SMALL } from '../model/random-models.ts'
import { createTestRuna, UP, until } from './test-runa.ts'

const MEBIBYTE = 2 ** 20
/** Stands in for a small machine: all of Runa, and less than a gigabyte beside it. */
const LIMIT_BYTES = 1_500 * MEBIBYTE
const GROUP = `/sys/fs/cgroup/memory/runa-test-${process.pid}`

/** 4 KiB of cache a token: with all the context that it was trained for, that is 1 GiB. */
const LONG = { ...SMALL, width: 256, layers: 4, keyValueHeads: 4, contextTokens: 262_144 }

/** Only root may make a group, and only where memory is counted by groups of the first version. */
function makeGroup(): boolean {
  try {
    mkdirSync(GROUP)
    writeFileSync(join(GROUP, 'memory.limit_in_bytes'), String(LIMIT_BYTES))
    return true
  } catch {
    return false
  }
}

test('on a small machine a model that is too large is refused, another has less context, and nothing is killed', async (t) => {
  if (!makeGroup()) return t.skip('this user may not limit memory by cgroup v1')
  const runa = createTestRuna('engine: {contextTokens: 262144, threads: 1}\n')
  after(async () => {
    await runa.remove()
    await until(() => tryRemove(GROUP))
  })
  const long = await writeModel(join(runa.home, 'long.gguf'), randomLlama(LONG))
  const vast = join(runa.home, 'vast.gguf')
  const { entries } = randomLlama(LONG)
  writeFileSync(vast, ggufHeader(entries, [{ name: 'token_embd.weight', shape: [2 ** 20, 512] }]))
  truncateSync(vast, 2 ** 31 + 2 ** 20)
  await runa.start(['sh', '-c', `echo $$ > ${GROUP}/cgroup.procs; exec "$@"`, 'sh', ...UP])

  const refused = await runa.runa('models', 'add', vast)
  assert.match(refused.stderr, /needs about 3\.\d GB; .* is free, .*MODEL_TOO_LARGE/)
  await runa.ask('models', 'add', long)
  assert.equal((await runa.runa('ask', '--model', 'long', 'What is this?')).status, 0)

  const { contextTokens = 0, pid } = await runa.status('model-long')
  assert.ok(contextTokens >= 512 && contextTokens < LONG.contextTokens, `${contextTokens} tokens`)
  const admitted = (await readHistory(homePaths(runa.home).logs)).find(({ kind }) => kind === 'admitted')
  assert.match(admitted?.text ?? '', /within the limit of its cgroup is free.* and fits\./)
  const peakBytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024
  assert.ok(peakBytes < LIMIT_BYTES)
  t.diagnostic(`${contextTokens} tokens, at most ${Math.round(peakBytes / MEBIBYTE)} MiB`)

  assert.match(readFileSync(join(GROUP, 'memory.oom_control'), 'utf8'), /^oom_kill 0$/m)
  const { services } = (await runa.ask('status')) as unknown as { services: ServiceStatus[] }
  assert.deepEqual(
    services.filter(({ restarts }) => restarts > 0).map(({ name }) => name),
    [],
  )
})

function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    return false
  }
}
