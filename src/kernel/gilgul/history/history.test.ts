import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Happening } from '#protocol'
import { openHistory, type Told } from './history.ts'
import { historyFiles, readHistory } from './history-file.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-history-'))
after(() => rmSync(root, { recursive: true }))

function freshFolder(name: string): string {
  const folder = join(root, name)
  mkdirSync(folder)
  return folder
}

const died = (text: string): Told => ({ kind: 'died', service: 'tieto', text })

test('what was told is read back in order, and heard at once', async () => {
  const folder = freshFolder('order')
  assert.deepEqual(await readHistory(folder), [])
  const heard: Happening[] = []
  const history = openHistory({ folder, onTold: (happening) => heard.push(happening) })
  for (const text of ['one', 'two', 'three']) history.tell(died(text))
  assert.equal(heard.length, 3)
  await history.close()
  assert.deepEqual(await readHistory(folder), heard)
  const next = openHistory({ folder })
  next.tell({ kind: 'took-over', service: 'gilgul', text: 'x'.repeat(3_000) })
  await next.close()
  const read = await readHistory(folder)
  assert.deepEqual(
    read.map(({ kind }) => kind),
    ['died', 'died', 'died', 'took-over'],
  )
  assert.equal(statSync(historyFiles(folder).current).mode & 0o777, 0o600)
})

test('a full history is laid aside, and never grows beyond two files', async () => {
  const folder = freshFolder('full')
  const history = openHistory({ folder, sizeBytesMax: 4_096 })
  for (let count = 0; count < 200; count += 1) history.tell(died(`death ${count}`))
  await history.close()
  const { current, older } = historyFiles(folder)
  for (const path of [current, older]) assert.ok(statSync(path).size <= 4_096)
  const numbers = (await readHistory(folder)).map(({ text }) => Number(text.split(' ')[1]))
  assert.ok(numbers.length > 20)
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => 200 - numbers.length + index),
  )
})

test('one that cannot be understood is laid aside, and told on', async () => {
  const folder = freshFolder('damaged')
  writeFileSync(historyFiles(folder).current, 'this is no journal at all, and long enough to see that')
  const history = openHistory({ folder })
  history.tell(died('after it'))
  await history.close()
  assert.ok(existsSync(historyFiles(folder).older))
  rmSync(historyFiles(folder).older)
  assert.deepEqual(
    (await readHistory(folder)).map(({ text }) => text),
    ['after it'],
  )
})

test('what cannot be written ends nothing, and is counted once there is room', async () => {
  const folder = join(root, 'missing')
  const history = openHistory({ folder })
  for (const text of ['one', 'two']) history.tell(died(text))
  // Closing waits for what was told; the next word opens it again.
  await history.close()
  mkdirSync(folder)
  history.tell(died('three'))
  await history.close()
  assert.deepEqual(
    (await readHistory(folder)).map(({ kind, text }) => [kind, text]),
    [
      ['missed', '2 happenings before this could not be written down.'],
      ['died', 'three'],
    ],
  )
})
