import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openCoven } from '#kernel/coven'
import { homePaths } from '#kernel/home'
import type { AnswerRecord } from '#protocol'
import { openRecordLog } from '../../src/knowledge/alethia/log/record-log.ts'
import { createByteScan } from './byte-scan.ts'
import { openPage, type Page } from './page.ts'
import { createTestRuna, type TestRuna } from './test-runa.ts'

const CLOCK = fileURLToPath(new URL('clock-worker.js', import.meta.url))
const DAY_MS = 86_400_000
const SAID = 'My aunt Tuulikki keeps nineteen bees in Vimmerbylund.'
const UNSAID = 'Nobody may know that Ragnarild is moving to Ystadholm.'
const RARE = ['Tuulikki', 'Vimmerbylund', 'Ragnarild', 'Ystadholm']

const { home, remove, busFolder, processes } = createTestRuna()
after(remove)

let runa: TestRuna
let page: Page

/** Starts the same home on another day; the second is today. */
async function startOnDay(day: 1 | 2): Promise<void> {
  const clock = {
    NODE_OPTIONS: `--import=${CLOCK}`,
    RUNA_TEST_CLOCK_MS: String((day - 2) * DAY_MS),
  }
  runa = createTestRuna('', home, clock)
  page = await openPage((await runa.start()).address)
}

/** Where something stands in clear of what was said, in files, logs, mapped memory, arguments and environments. */
function inClear(): string[] {
  const scan = createByteScan(RARE)
  const folders = processes().length > 0 ? [home, busFolder] : [home]
  const found = [
    ...folders.map((folder) => scan.folder(folder)),
    ...processes().map((pid) => scan.process(pid)),
  ]
  return found.flat().map(({ place, word, form }) => `${word} in ${place}, as ${form}`)
}

/** What of it can still be read by who holds every key that Runa has. Runa is down. */
async function withEveryKey(): Promise<string[]> {
  const paths = homePaths(home)
  const copy = join(home, 'copy')
  cpSync(paths.memory, copy, { recursive: true })
  const coven = await openCoven({ folder: paths.vault })
  try {
    const contents: string[] = []
    const { value } = coven.vault.read('alethia.master')
    const log = await openRecordLog(copy, value, (_, content) => contents.push(String(content ?? '')))
    await log.close()
    const text = contents.join('\n')
    return RARE.filter((word) => text.includes(word))
  } finally {
    await coven.close()
    rmSync(copy, { recursive: true })
  }
}

async function recordOf(question: string): Promise<AnswerRecord> {
  const { id } = await page.ask(question)
  return await page.get(`/api/answers/${id}`)
}

test('on the second day the assistant is given what was said on the first', async () => {
  await startOnDay(1)
  const said = await page.ask(SAID)
  assert.equal(Math.round((Date.now() - said.at) / DAY_MS), 1)
  await runa.ask('down')
  assert.deepEqual(await withEveryKey(), ['Tuulikki', 'Vimmerbylund'])

  await startOnDay(2)
  const { prompt, thread } = await recordOf('What does my aunt keep?')
  assert.notEqual(thread, said.thread)
  const origins = prompt.map(({ origin }) => origin).join(', ')
  assert.equal(prompt.filter(({ text }) => text?.includes(SAID)).length, 1, origins)
  assert.deepEqual(inClear(), [])
})

test('what is said off the record is nowhere but in the memory of those who speak', async () => {
  const { thread } = await page.ask(UNSAID, { offTheRecord: true })
  await page.ask('Why may nobody know?', { thread, offTheRecord: true })
  assert.deepEqual(inClear(), [])
  const { prompt } = await recordOf('Who is moving?')
  assert.deepEqual(
    prompt.filter(({ text }) => text?.includes('Ragnarild')),
    [],
  )
  await page.post(`/api/threads/${thread}/close`, {})
  await assert.rejects(page.get(`/api/threads/${thread}`), /THREAD_UNKNOWN/)
  assert.deepEqual(inClear(), [])
})

test('what was forgotten is gone, and no key brings it back', async () => {
  const { total } = (await runa.ask('memory', 'forget', '--containing', 'Tuulikki')) as { total: number }
  assert.ok(total >= 1)
  await runa.ask('memory', 'forget', '--containing', 'Tuulikki', '--yes')
  assert.deepEqual(inClear(), [])
  const { prompt } = await recordOf('What does my aunt keep?')
  assert.deepEqual(
    prompt.filter(({ text }) => text?.includes('Tuulikki')),
    [],
  )
  await runa.ask('down')
  assert.deepEqual(inClear(), [])
  assert.deepEqual(await withEveryKey(), [])
})

test('a memory that is damaged is named, and nobody waits for it for ever', async () => {
  const folder = homePaths(home).memory
  const name = readdirSync(folder).find((file) => file.endsWith('.log')) ?? ''
  const bytes = readFileSync(join(folder, name))
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(join(folder, name), bytes)
  assert.equal((await runa.runa('up', '--detach')).status, 0)
  const { state, reason } = await runa.status('alethia')
  assert.deepEqual([state, /MEMORY_CORRUPT/.test(reason)], ['failed', true])
  const { status, stderr } = await runa.runa('ask', 'What does my aunt keep?')
  assert.equal(status, 1)
  assert.match(stderr, /alethia does not run.*MEMORY_CORRUPT/)
  assert.ok(readFileSync(join(folder, name)).equals(bytes))
})
