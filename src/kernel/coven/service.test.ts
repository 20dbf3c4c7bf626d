import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { RunaError } from '#protocol'
import { openAudit } from './audit.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import { openCoven } from './open.ts'
import { createCoven, createDesk } from './service.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-coven-test-'))
after(() => rmSync(root, { recursive: true }))

let made = 0
function nextFolder(): string {
  made += 1
  return join(root, String(made))
}

const NONE = Buffer.alloc(0)
const SECRET = Buffer.from('correct horse battery staple')

test('a service gets what it was granted, with a lease, and nothing else', async () => {
  const { vault, audit, close } = await openCoven({ folder: nextFolder() })
  const coven = createCoven({ vault, audit })
  await coven.set({ name: 'mail', service: 'cli' }, SECRET)
  await assert.rejects(coven.reveal({ name: 'mail', service: 'tieto' }, NONE), { code: 'SECRET_NOT_GRANTED' })
  await coven.grant({ name: 'mail', to: 'tieto', granted: true, service: 'cli' }, NONE)
  const { output, value } = await coven.reveal({ name: 'mail', service: 'tieto' }, NONE)
  assert.ok(value?.equals(SECRET) && output.leaseMs > 0)
  // It learns as little about what is not there as about what is not for it.
  await assert.rejects(coven.reveal({ name: 'none', service: 'tieto' }, NONE), { code: 'SECRET_NOT_GRANTED' })
  await coven.grant({ name: 'mail', to: 'tieto', granted: false, service: 'cli' }, NONE)
  await assert.rejects(coven.reveal({ name: 'mail', service: 'tieto' }, NONE), { code: 'SECRET_NOT_GRANTED' })
  const { entries } = (await coven.audit({ count: 10 }, NONE)).output
  assert.deepEqual(
    entries.map(({ operation, outcome }) => `${operation}: ${outcome}`),
    [
      ...['set: granted', 'reveal: refused', 'grant to tieto: granted', 'reveal: granted'],
      ...['reveal: refused', 'take from tieto: granted', 'reveal: refused'],
    ],
  )
  await close()
})

test('nothing is revealed or changed when it cannot be written down', async () => {
  const folder = nextFolder()
  const { vault, audit, close } = await openCoven({ folder })
  await vault.set('mail', SECRET)
  await vault.grant('mail', 'tieto', true)
  const failing = { ...audit, append: () => Promise.reject(new RunaError('AUDIT_FAILED')) }
  const coven = createCoven({ vault, audit: failing })
  const before = readFileSync(join(folder, 'secrets.vault'))
  await assert.rejects(coven.reveal({ name: 'mail', service: 'tieto' }, NONE), { code: 'AUDIT_FAILED' })
  await assert.rejects(coven.set({ name: 'mail', service: 'cli' }, SECRET), { code: 'AUDIT_FAILED' })
  await assert.rejects(coven.identity({ service: 'tieto' }, NONE), { code: 'AUDIT_FAILED' })
  assert.ok(readFileSync(join(folder, 'secrets.vault')).equals(before))
  await close()
})

test('a list that is closed or whose disk fails says so', async () => {
  const { audit, vault, close } = await openCoven({ folder: nextFolder() })
  await close()
  const entry = {
    at: 1,
    operation: 'reveal',
    secret: 'a',
    service: 'b',
    outcome: 'granted',
    revision: 0,
  } as const
  await assert.rejects(audit.append(entry), { code: 'AUDIT_FAILED' })
  assert.throws(() => vault.revision(), { code: 'VAULT_LOCKED' })
})

/** A list of five entries, and where it lies. */
async function writeList(): Promise<{ folder: string; path: string }> {
  const folder = nextFolder()
  const { vault, audit, close } = await openCoven({ folder })
  const coven = createCoven({ vault, audit })
  for (const value of ['1', '2', '3', '4', '5']) {
    await coven.set({ name: 'mail', service: 'cli' }, Buffer.from(value))
  }
  await close()
  return { folder, path: join(folder, 'audit.journal') }
}

test('a list that was cut, emptied or exchanged is found out', async () => {
  const { folder, path } = await writeList()
  const whole = readFileSync(path)
  const other = await writeList()
  for (const bytes of [
    whole.subarray(0, whole.length - 40),
    whole.subarray(0, 8),
    readFileSync(other.path),
  ]) {
    writeFileSync(path, bytes)
    await assert.rejects(openCoven({ folder }), { code: 'AUDIT_BROKEN' })
  }
  writeFileSync(path, whole)
  await (await openCoven({ folder })).close()
})

test('entries cannot be moved or left out, and one that another key sealed is no entry', async () => {
  const folder = nextFolder()
  const { openJournal, replaceJournal, readJournal } = await import('#kernel/journal')
  const { createKey, seal } = await import('#kernel/seal')
  const { mkdirSync } = await import('node:fs')
  mkdirSync(folder)
  const path = join(folder, 'audit.journal')
  const key = createKey()
  const mark = { count: 0, link: '' }
  const audit = await openAudit({ path, key, mark })
  for (let at = 0; at < 4; at += 1) {
    await audit.append({
      at,
      operation: 'reveal',
      secret: 'a',
      service: 'b',
      outcome: 'granted',
      revision: 0,
    })
  }
  await audit.close()
  const [first, second, third, fourth] = (await readJournal(path)) as [Buffer, Buffer, Buffer, Buffer]
  const forged = seal(createKey(), Buffer.from('{}'), 'runa audit 0 ')
  for (const entries of [
    [second, first, third, fourth],
    [first, third, fourth],
    [second, third, fourth],
    [first, second, second, third],
    [forged],
  ]) {
    await replaceJournal(path, entries)
    await assert.rejects(openAudit({ path, key, mark }), { code: 'AUDIT_BROKEN' })
  }
  await replaceJournal(path, [first, second])
  const { journal } = await openJournal(path)
  await journal.close()
  await (await openAudit({ path, key, mark })).close()
  await assert.rejects(openAudit({ path, key, mark: { count: 4, link: 'any' } }), { code: 'AUDIT_BROKEN' })
})

test('an old copy of the vault is found out by its list', async () => {
  const folder = nextFolder()
  const first = await openCoven({ folder })
  await createCoven(first).set({ name: 'mail', service: 'cli' }, Buffer.from('old'))
  const copy = `${folder}-copy`
  cpSync(join(folder, 'secrets.vault'), copy)
  for (const value of ['new', 'newer']) {
    await createCoven(first).set({ name: 'mail', service: 'cli' }, Buffer.from(value))
  }
  await first.close()
  cpSync(copy, join(folder, 'secrets.vault'))
  await assert.rejects(openCoven({ folder }), { code: 'VAULT_OLDER' })
})

test('an old copy from before the last change is found out by whatever was asked after it', async () => {
  const folder = nextFolder()
  const running = await openCoven({ folder })
  const coven = createCoven(running)
  const grant = { name: 'mail', to: 'cli', service: 'person' }
  await coven.set({ name: 'mail', service: 'person' }, SECRET)
  await coven.grant({ ...grant, granted: true }, Buffer.alloc(0))
  const [granted, taken] = [`${folder}-granted`, `${folder}-taken`]
  cpSync(join(folder, 'secrets.vault'), granted)
  await coven.grant({ ...grant, granted: false }, Buffer.alloc(0))
  cpSync(folder, taken, { recursive: true })
  const asked = coven.reveal({ name: 'mail', service: 'cli' }, Buffer.alloc(0))
  await assert.rejects(asked, { code: 'SECRET_NOT_GRANTED' })
  // As a kill leaves it: nothing was closed.
  const killed = `${folder}-killed`
  cpSync(folder, killed, { recursive: true })
  cpSync(granted, join(killed, 'secrets.vault'))
  await assert.rejects(openCoven({ folder: killed }), { code: 'VAULT_OLDER' })
  // Right after the change, the copy looks as a crash would have left it.
  cpSync(granted, join(taken, 'secrets.vault'))
  await (await openCoven({ folder: taken })).close()
  await running.close()
})

test('requests come as bytes, secrets beside them, and whatever is wrong is answered with a code', async () => {
  const { vault, audit, close } = await openCoven({ folder: nextFolder() })
  const answer = createDesk(createCoven({ vault, audit }))
  const ask = async (head: Record<string, unknown>, value?: Buffer) =>
    decodeMessage(await answer(encodeMessage(head, value)))

  const set = await ask({ id: 1, operation: 'set', input: { name: 'mail', service: 'cli' } }, SECRET)
  assert.deepEqual(set.head, { id: 1, output: { version: 1 } })
  await ask({
    id: 2,
    operation: 'grant',
    input: { name: 'mail', to: 'tieto', granted: true, service: 'cli' },
  })
  const revealed = await ask({ id: 3, operation: 'reveal', input: { name: 'mail', service: 'tieto' } })
  assert.ok(revealed.value.equals(SECRET))
  assert.ok(!JSON.stringify(revealed.head).includes(String(SECRET)))
  for (const [head, code] of [
    [{ operation: 'toString', input: {} }, 'UNKNOWN_OPERATION'],
    [{ operation: 'reveal', input: { name: '../etc', service: 'tieto' } }, 'BAD_INPUT'],
    [{ operation: 'reveal', input: { name: 'mail', service: 'snarf' } }, 'SECRET_NOT_GRANTED'],
  ] as const) {
    const { head: said } = await ask(head)
    assert.equal((said['error'] as { code: string }).code, code)
  }
  await assert.rejects(answer(Buffer.from('no message')), { code: 'COVEN_LINK_BROKEN' })
  await close()
})

test('a list that is full or lost is begun anew on purpose, and the old one laid aside', async () => {
  const { folder, path } = await writeList()
  const old = readFileSync(path)
  rmSync(path)
  await assert.rejects(openCoven({ folder }), { code: 'AUDIT_BROKEN' })
  writeFileSync(path, old)
  const anew = await openCoven({ folder, newList: true })
  assert.equal(anew.audit.mark().count, 0)
  assert.equal(String(anew.vault.read('mail').value), '5')
  await anew.close()
  const aside = readdirSync(folder).find((name) => name.startsWith('audit.journal.')) ?? ''
  assert.ok(readFileSync(join(folder, aside)).equals(old))
  await (await openCoven({ folder })).close()
})

test('after an orderly end, not even the last entry can be cut off', async () => {
  const folder = nextFolder()
  const { vault, audit, close } = await openCoven({ folder })
  await assert.rejects(createCoven({ vault, audit }).reveal({ name: 'none', service: 'tieto' }, NONE))
  await close()
  writeFileSync(join(folder, 'audit.journal'), 'RUNAJNL\x01', 'latin1')
  await assert.rejects(openCoven({ folder }), { code: 'AUDIT_BROKEN' })
})

test('what cannot be done is not written down as done', async () => {
  const { vault, audit, close } = await openCoven({ folder: nextFolder() })
  const coven = createCoven({ vault, audit })
  const about = { name: 'none', service: 'cli' }
  await assert.rejects(coven.remove(about, NONE), { code: 'SECRET_UNKNOWN' })
  await assert.rejects(coven.grant({ ...about, to: 'tieto', granted: true }, NONE), {
    code: 'SECRET_UNKNOWN',
  })
  await assert.rejects(coven.set(about, Buffer.alloc(64 * 1_024 + 1)), { code: 'BAD_INPUT' })
  assert.deepEqual(
    (await audit.latest(10)).map(({ outcome }) => outcome),
    ['refused', 'refused'],
  )
  assert.equal(vault.revision(), 0)
  await close()
})
