import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Setting } from '#protocol'
import { createTestRuna, kill, until } from './test-runa.ts'

const runa = createTestRuna()
after(() => runa.remove())

const profilePath = join(runa.home, 'profile', 'profile.sealed')

async function settingsOf(...words: readonly string[]): Promise<Setting[]> {
  const profile = await runa.ask('speak', ...words)
  return (profile['settings'] as Setting[]).filter(({ source }) => source !== 'default')
}

test('nothing is kept before a person agrees, and afterwards what they ask for in words holds', async () => {
  await runa.start()
  await runa.ask('ask', 'Shorter, please')
  assert.deepEqual(await settingsOf(), [])
  assert.equal(existsSync(profilePath), false)
  const refused = await runa.runa('speak', 'set', 'humour', 'none')
  assert.match(refused.stderr, /CONSENT_NEEDED/)

  await runa.ask('speak', 'agree', 'settings')
  await runa.ask('ask', 'Shorter, please')
  assert.equal(statSync(profilePath).mode & 0o777, 0o600)
  assert.deepEqual(
    (await settingsOf('set', 'humour', 'none')).map(({ dimension, level }) => [dimension, level]),
    [
      ['length', 'short'],
      ['humour', 'none'],
    ],
  )
  assert.match(
    (await runa.runa('speak', 'show', 'length')).stdout,
    /> short[\s\S]*You asked for it in a message/,
  )
  assert.doesNotMatch(readFileSync(profilePath, 'latin1'), /please|runa-profile|humour/)
})

test('what a forgotten message asked for no longer holds', async () => {
  await runa.ask('ask', 'More detail, please')
  await until(async () => (await settingsOf()).some(({ level }) => level === 'usual'))
  await runa.ask('memory', 'forget', '--containing', 'detail, please', '--yes')
  const isGone = async () => (await settingsOf()).every(({ dimension }) => dimension !== 'length')
  await until(isGone)

  // Nor where snarf is away at that moment.
  await runa.ask('ask', 'Shorter, please')
  await until(async () => !(await isGone()))
  const { pid } = await runa.status('snarf')
  process.kill(pid ?? 0, 'SIGSTOP')
  await runa.ask('memory', 'forget', '--containing', 'Shorter, please', '--yes')
  kill(pid ?? 0)
  await until(async () => await isGone().catch(() => false))
  await runa.ask('speak', 'set', 'length', 'short')
})

test('what was set is there after snarf was killed, and gone when consent is taken back', async () => {
  const { pid, restarts } = await runa.status('snarf')
  kill(pid ?? 0)
  await until(async () => {
    const { state, restarts: now } = await runa.status('snarf')
    return state === 'running' && now > restarts
  })
  assert.equal((await settingsOf()).length, 2)
  const wrong = await runa.runa('speak', 'set', 'diagnosis', 'none')
  assert.deepEqual([wrong.status, /BAD_INPUT/.test(wrong.stderr)], [2, true])
  assert.equal((await runa.ask('speak', 'mode', 'low-stimulus'))['mode'], 'low-stimulus')
  assert.equal((await runa.ask('speak', 'pause'))['paused'], true)
  assert.equal((await runa.ask('speak', 'resume'))['paused'], false)
  assert.ok(
    (await settingsOf('lock', 'tone')).some(({ dimension, locked }) => dimension === 'tone' && locked),
  )
  const reset = await settingsOf('reset', 'length')
  assert.notEqual(reset.find(({ dimension }) => dimension === 'length')?.source, 'explicit')
  assert.match((await runa.runa('speak', 'export')).stdout, /"runa-profile"/)
  assert.deepEqual(await settingsOf('agree', 'nothing'), [])
  assert.equal(existsSync(profilePath), false)
})
