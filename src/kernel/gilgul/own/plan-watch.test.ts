import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HomePaths, homePaths } from '#kernel/home'
import { SERVICES } from '../spec/service-table.ts'
import { readStandingPlan } from './last-plan.ts'
import { readPlan } from './plan.ts'
import { watchPlan } from './plan-watch.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-plan-watch-'))
after(() => rmSync(root, { recursive: true }))

const RIGHT = 'command: [sleep, "60"]\n'
const WRONG = 'command: [sleep, "60"]\nneds: [web]\n'

function createHome(name: string): HomePaths {
  const paths = homePaths(join(root, name))
  mkdirSync(paths.run, { recursive: true })
  return paths
}

/** What a gilgul would notice, in order. */
async function follow(paths: HomePaths, isWatching = true) {
  const told: string[] = []
  const read = async () => (await readPlan(paths)).digest
  const { look, end } = watchPlan({
    ...{ paths, isWatching, read, digest: await read(), settleMs: 10 },
    onChanged: () => told.push('changed'),
    onFault: (sentence) => told.push(sentence ?? 'right again'),
    onBlind: (error) => told.push(String(error)),
  })
  async function until(last: RegExp): Promise<void> {
    while (!last.test(told.at(-1) ?? '')) await sleep(2)
  }
  return { told, until, look, end }
}

test('a service that is described is noticed, also in a folder that was not there, and nothing else is', async () => {
  const paths = createHome('new')
  const { told, until, end } = await follow(paths)
  writeFileSync(join(paths.home, 'notes.txt'), 'nothing')
  writeFileSync(paths.config, '# Only a remark.\n')
  await sleep(60)
  assert.deepEqual(told, [])
  mkdirSync(join(paths.home, 'services'))
  await sleep(30)
  writeFileSync(join(paths.home, 'services/new.tmp'), RIGHT)
  renameSync(join(paths.home, 'services/new.tmp'), join(paths.home, 'services/nap.yaml'))
  await until(/^changed$/)
  end()
})

test('a mistake is told once, with its place, and that it is gone as well', async () => {
  const paths = createHome('wrong')
  mkdirSync(join(paths.home, 'services'))
  const { told, until, look, end } = await follow(paths)
  writeFileSync(join(paths.home, 'services/nap.yaml'), WRONG)
  const mistake = /nap\.yaml:2:1: .*Did you mean needs/
  await until(mistake)
  look()
  await sleep(60)
  assert.equal(told.filter((text) => mistake.test(text)).length, 1)
  rmSync(join(paths.home, 'services/nap.yaml'))
  await until(/^right again$/)
  writeFileSync(paths.config, 'services:\n  snarf:\n    start: always\n')
  await until(/^changed$/)
  end()
})

test('who wants files to be read only on request is heeded', async () => {
  const paths = createHome('unwatched')
  const { told, until, look, end } = await follow(paths, false)
  mkdirSync(join(paths.home, 'services'))
  writeFileSync(join(paths.home, 'services/nap.yaml'), RIGHT)
  await sleep(60)
  assert.deepEqual(told, [])
  look()
  await until(/^changed$/)
  assert.equal(told.length, 1)
  end()
})

test('a gilgul that goes on does so by the last files that were right, and a first one refuses wrong ones', async () => {
  const paths = createHome('last')
  mkdirSync(join(paths.home, 'services'))
  const path = join(paths.home, 'services/nap.yaml')
  writeFileSync(path, RIGHT)
  const first = await readStandingPlan(paths, SERVICES, false)
  assert.deepEqual([first.fault, first.own.map(({ name }) => name)], [undefined, ['nap']])
  writeFileSync(path, WRONG)
  await assert.rejects(readStandingPlan(paths, SERVICES, false), { code: 'CONFIG_INVALID' })
  const next = await readStandingPlan(paths, SERVICES, true)
  assert.match(next.fault ?? '', /nap\.yaml:2:1/)
  assert.deepEqual(JSON.stringify({ ...next, fault: undefined }), JSON.stringify(first))
})
