import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { homePaths } from '#kernel/home'
import { createTestRuna, UP, until } from './test-runa.ts'

const runa = createTestRuna()
const documents = join(runa.home, 'documents')

before(async () => {
  mkdirSync(documents)
  writeFileSync(join(documents, 'owl.md'), '---\nyear: 1999\n---\n# Owls\n\nThe barn owl hunts at night.\n')
  writeFileSync(join(documents, 'hen.md'), '---\nyear: 2010\n---\n# Hens\n\nThe hen lays an egg at noon.\n')
  await runa.start()
  await runa.ask('ingest', documents, '--topic', 'birds')
})
after(() => runa.remove())

test('search finds passages, and a filter keeps others out', async () => {
  const { passages } = (await runa.ask('search', 'which bird hunts?', '-t', 'birds', '-k', '1')) as {
    passages: { text: string }[]
  }
  assert.match(passages[0]?.text ?? '', /barn owl/)
  const filtered = await runa.ask('search', 'which bird hunts?', '-t', 'birds', '-f', 'year > 2000')
  assert.doesNotMatch(JSON.stringify(filtered), /barn owl/)
  const { stdout } = await runa.runa('search', 'which bird hunts?', '-t', 'birds')
  assert.match(stdout, /1\. \d\.\d\d {2}birds: .*owl\.md, bytes \d+ to \d+\n/)
})

test('a mistake in what was typed ends with 2, what is not there with 1', async () => {
  const codes = {
    FILTER_INVALID: ['search', 'x', '-f', 'year >'],
    BAD_INPUT: ['ingest', documents, '--topic', 'No Such Name'],
    TOPIC_UNKNOWN: ['ask', '--topic', 'fishes', 'why?'],
    DOCUMENT_UNKNOWN: ['topics', 'remove', 'birds', 'cat.md'],
    SERVICE_UNKNOWN: ['restart', 'nobody'],
    MODEL_UNKNOWN: ['models', 'use', 'none'],
    KEY_UNKNOWN: ['key', 'revoke', 'none'],
    PERSONA_UNKNOWN: ['ask', '--persona', 'nobody', 'why?'],
  }
  for (const [code, words] of Object.entries(codes)) {
    const { status, stdout, stderr } = await runa.runa(...words, '--json')
    assert.equal(JSON.parse(stderr).error.code, code, stderr)
    assert.equal(status, ['FILTER_INVALID', 'BAD_INPUT'].includes(code) ? 2 : 1)
    assert.equal(stdout, '')
  }
})

test('the doctor finds nothing wrong with what runs, and who was stopped by a signal', async () => {
  assert.equal((await runa.ask('doctor'))['wrong'], 0)
  const { pid } = await runa.status('tieto')
  process.kill(pid ?? 0, 'SIGSTOP')
  const { status, stdout } = await runa.runa('doctor')
  process.kill(pid ?? 0, 'SIGCONT')
  assert.equal(status, 1)
  assert.match(stdout, /WRONG service tieto: Somebody has stopped process \d+ with a signal\. \[hang\]/)
})

test('an ingest that could take nothing fails, and says why for each file', async () => {
  const binary = join(runa.home, 'picture.md')
  writeFileSync(binary, Buffer.from([0, 1, 2, 255, 254]))
  const { status, stdout, stderr } = await runa.runa('ingest', binary, '--topic', 'pictures')
  assert.equal(status, 1)
  assert.match(stdout, /0 stored, 0 unchanged, 1 skipped/)
  assert.match(stderr, /skipped .*picture\.md: .* \[DOCUMENT_INVALID\]/)
  assert.equal((await runa.runa('ingest', join(runa.home, 'nowhere'), '--topic', 'pictures')).status, 1)
})

test('what was asked is listed as threads, and removed with its records', async () => {
  await runa.ask('ask', '--topic', 'birds', 'When does the barn owl hunt?')
  const listed = async () => (await runa.ask('threads'))['threads'] as { id: string; title: string }[]
  const thread = (await listed()).find(({ title }) => title.includes('barn owl'))?.id ?? ''
  assert.match(
    (await runa.runa('threads')).stdout,
    new RegExp(`^${thread} +1 .*When does the barn owl hunt`, 'm'),
  )
  assert.deepEqual(await runa.ask('threads', 'remove', thread), { removed: [thread] })
  assert.ok(!(await listed()).some(({ id }) => id === thread))
  assert.equal((await runa.runa('threads', 'remove', thread)).status, 1)
})

test('what was said is recalled, and forgotten only after it was shown what would go', async () => {
  await runa.ask('ask', 'My heron nests in Ravenglass.')
  await runa.ask('ask', 'What is the weather like?')
  const recalled = async () => (await runa.ask('memory', 'recall', 'heron'))['recalled'] as { turn: string }[]
  const [found] = await recalled()
  const turn = found?.turn ?? ''
  assert.match((await runa.runa('memory', 'show', turn)).stdout, /you: My heron nests in Ravenglass\./)
  const forget = ['memory', 'forget', '--containing', 'RAVENGLASS']
  const preview = await runa.runa(...forget)
  assert.match(preview.stdout, new RegExp(`^${turn} .*My heron`, 'm'))
  assert.match(preview.stdout, /Nothing was forgotten/)
  assert.equal((await recalled())[0]?.turn, turn)
  assert.match((await runa.runa(...forget, '--yes')).stdout, /Forgotten: 1 turn,/)
  assert.ok(!(await recalled()).some((left) => left.turn === turn))
  const { faults, forgotten } = await runa.ask('memory', 'verify')
  assert.deepEqual([faults, Number(forgotten) > 0], [[], true])
  assert.equal((await runa.runa('memory', 'forget')).status, 2)
  assert.equal((await runa.runa('memory', 'recall', 'heron', '--from', 'yesterday')).status, 2)
})

test('off the record a thread is listed as such, goes on, and is closed', async () => {
  const { thread } = await runa.ask('ask', '--off-the-record', 'Hush.')
  const id = String(thread)
  assert.match((await runa.runa('ask', '--thread', id, 'And now?')).stderr, /^$|no language model/i)
  assert.match((await runa.runa('threads')).stdout, new RegExp(`^${id} +2 .*off the record`, 'm'))
  assert.deepEqual(await runa.ask('memory', 'close', id), { closed: id })
  assert.equal((await runa.runa('ask', '--thread', id, 'Are you there?')).status, 1)
})

test('topics are listed, looked into and removed', async () => {
  await runa.ask('ingest', join(documents, 'hen.md'), '--topic', 'farm')
  assert.match((await runa.runa('topics')).stdout, /^birds +2 /m)
  assert.match((await runa.runa('topics', 'farm')).stdout, /hen\.md/)
  assert.equal((await runa.ask('topics', 'remove', 'farm'))['documents'], 1)
  assert.doesNotMatch((await runa.runa('topics')).stdout, /farm/)
})

test("runa bus reaches Runa's own bus, where words are sealed under the key of their contract", async () => {
  const lines = ['set w quiet --words tieto', 'get w --words tieto', 'get w --json', 'delete w']
  const { status, stdout } = await runa.runaWith(`${lines.join('\n')}\n`, 'bus')
  const [, opened, sealed = ''] = stdout.split('\n')
  assert.deepEqual([status, opened], [0, 'quiet'])
  assert.ok(!Buffer.from(JSON.parse(sealed).base64, 'base64').includes('quiet'))
})

test("a service is restarted at a person's wish", async () => {
  const { pid } = await runa.status('tieto')
  assert.match((await runa.runa('restart', 'tieto')).stdout, /tieto runs/)
  const after = await runa.status('tieto')
  assert.ok(after.pid !== pid && after.state === 'running')
})

test('a key is made, listed without itself, and revoked', async () => {
  const { id, key } = await runa.ask('key', 'create', 'an editor')
  assert.match(String(key), /^runa_/)
  const listed = await runa.runa('key', 'list', '--json')
  assert.ok(listed.stdout.includes(String(id)) && !listed.stdout.includes(String(key)))
  await runa.ask('key', 'revoke', String(id))
  assert.deepEqual((await runa.ask('key', 'list'))['keys'], [])
})

test('a file that is no model changes nothing, and suggestions need no network', async () => {
  const file = join(runa.home, 'no-model.gguf')
  writeFileSync(file, 'GGUF, or so it says')
  const { status, stderr } = await runa.runa('models', 'add', file)
  assert.equal(status, 1)
  assert.match(stderr, /\[MODEL_INVALID\]/)
  assert.deepEqual((await runa.ask('models'))['models'], [])
  assert.ok(((await runa.ask('models', 'suggest'))['suggestions'] as unknown[]).length > 0)
})

test('logs show the end of each log, and follow what is added until Ctrl-C', async () => {
  const { stdout } = await runa.runa('logs', 'gilgul', '-n', '1')
  assert.equal(stdout.trim().split('\n').length, 1)
  assert.equal((await runa.runa('logs', 'gilgul', '-n', '0')).stdout, '')
  const { stdout: history } = await runa.runa('logs', 'tieto', '--history', '--json', '--since', '1h')
  const kinds = history
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind)
  assert.deepEqual(kinds.slice(0, 2), ['started', 'ready'])
  assert.match(
    (await runa.runa('status', 'tieto')).stdout,
    /^tieto: running.*\nIt runs\.\n\n.* started .*\n.* ready /,
  )
  const [node = '', main = ''] = UP
  const words = [main, 'logs', 'tieto', '-f', '-n', '1', '--json']
  const child = spawn(node, words, { env: runa.environment, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => lines.push(JSON.parse(line).line))
  await once(reader, 'line')
  appendFileSync(join(runa.home, 'logs/tieto.log'), 'a line that is added\n')
  while (lines.at(-1) !== 'a line that is added') await once(reader, 'line')
  child.kill('SIGINT')
  assert.deepEqual(await once(child, 'exit'), [130, null])
})

test('Ctrl-C ends a long command at once, and cancels what it had asked for', async () => {
  const many = join(runa.home, 'many')
  mkdirSync(many)
  for (let number = 0; number < 3_000; number += 1)
    writeFileSync(join(many, `${number}.md`), `Egg ${number}.\n`)
  const [node = '', main = ''] = UP
  const words = [main, 'ingest', many, '--topic', 'eggs']
  const child = spawn(node, words, { env: runa.environment, stdio: ['ignore', 'ignore', 'pipe'] })
  const said = text(child.stderr)
  await until(() => existsSync(join(homePaths(runa.home).topics, 'eggs')))
  child.kill('SIGINT')
  assert.deepEqual(await once(child, 'exit'), [130, null])
  assert.match(await said, /Stopped\. \[CANCELLED\]/)
  const count = async () => {
    const { topics } = (await runa.ask('topics')) as { topics: { name: string; documents: number }[] }
    return topics.find(({ name }) => name === 'eggs')?.documents ?? 0
  }
  const kept = await count()
  assert.ok(kept < 3_000)
  assert.equal((await runa.runa('ingest', many, '--topic', 'eggs')).status, 0)
  assert.equal(await count(), 3_000)
})
