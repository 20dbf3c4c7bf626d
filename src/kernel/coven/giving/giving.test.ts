import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RunaError } from '#protocol'
import { openCoven } from '../open.ts'
import { createCoven } from '../service.ts'

const NONE = Buffer.alloc(0)
const text = (value: Buffer | undefined) => String(value)

async function openHere(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'runa-giving-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const open = async () => {
    const opened = await openCoven({ folder })
    let closing: Promise<void> | undefined
    const close = () => {
      closing ??= opened.close()
      return closing
    }
    context.after(close)
    return { ...opened, close, coven: createCoven(opened) }
  }
  return { folder, open }
}

test('a one-time secret is given out one time, whoever asks, and is gone from the disk with that', async (context) => {
  const { open } = await openHere(context)
  const { coven, close } = await open()
  await coven.set({ name: 'seed', service: 'person', once: true }, Buffer.from('only once'))
  for (const to of ['tieto', 'snarf']) {
    await coven.grant({ name: 'seed', to, granted: true, service: 'person' }, NONE)
  }
  const { output, value } = await coven.reveal({ name: 'seed', service: 'tieto' }, NONE)
  assert.deepEqual([text(value), output.once], ['only once', true])
  for (const service of ['tieto', 'snarf']) {
    await assert.rejects(coven.reveal({ name: 'seed', service }, NONE), { code: 'SECRET_NOT_GRANTED' })
  }
  await close()
  const again = await open()
  assert.deepEqual((await again.coven.list({}, NONE)).output, { secrets: [], isEnd: true })
  const { entries } = (await again.coven.audit({ count: 9 }, NONE)).output
  assert.deepEqual(
    entries
      .filter(({ operation }) => operation.startsWith('reveal'))
      .map(({ operation, outcome }) => [operation, outcome]),
    [
      ['reveal once', 'granted'],
      ['reveal', 'refused'],
      ['reveal', 'refused'],
    ],
  )
})

test('of many who ask for a one-time secret at once, one gets it', async (context) => {
  const { coven } = await (await openHere(context)).open()
  await coven.set({ name: 'seed', service: 'person', once: true }, Buffer.from('only once'))
  await coven.grant({ name: 'seed', to: 'tieto', granted: true, service: 'person' }, NONE)
  const asked = Array.from({ length: 8 }, () => coven.reveal({ name: 'seed', service: 'tieto' }, NONE))
  const answers = await Promise.allSettled(asked)
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('a one-time secret that cannot be taken off the disk, or written down, is not given out', async (context) => {
  const opened = await (await openHere(context)).open()
  const { vault, audit } = opened
  await opened.coven.set({ name: 'seed', service: 'person', once: true }, Buffer.from('only once'))
  await opened.coven.grant({ name: 'seed', to: 'tieto', granted: true, service: 'person' }, NONE)
  const full = { ...vault, take: () => Promise.reject(new RunaError('DISK_FULL')) }
  const mute = { ...audit, append: () => Promise.reject(new RunaError('AUDIT_FAILED')) }
  const ask = (coven: ReturnType<typeof createCoven>) =>
    coven.reveal({ name: 'seed', service: 'tieto' }, NONE)
  await assert.rejects(ask(createCoven({ vault: full, audit })), { code: 'DISK_FULL' })
  await assert.rejects(ask(createCoven({ vault, audit: mute })), { code: 'AUDIT_FAILED' })
  assert.equal(text((await ask(opened.coven)).value), 'only once')
})

test('no kind of answer is given, and nothing is refused, unless it was written down', async (context) => {
  const { vault, audit, coven } = await (await openHere(context)).open()
  for (const value of ['one', 'two']) await coven.set({ name: 'mail', service: 'person' }, Buffer.from(value))
  await coven.grant({ name: 'mail', to: 'tieto', granted: true, service: 'person' }, NONE)
  const before = [vault.revision(), audit.mark().count]
  const mute = { ...audit, append: () => Promise.reject(new RunaError('AUDIT_FAILED')) }
  const silenced = createCoven({ vault, audit: mute })
  const [mail, tieto] = [
    { name: 'mail', service: 'person' },
    { name: 'mail', service: 'tieto' },
  ]
  const attempts = {
    reveal: () => silenced.reveal(tieto, NONE),
    version: () => silenced.reveal({ ...tieto, version: 1 }, NONE),
    export: () => silenced.reveal({ ...tieto, exported: true }, NONE),
    described: () => silenced.reveal({ name: 'mail', service: 'snarf', described: true }, NONE),
    denied: () => silenced.reveal({ name: 'mail', service: 'snarf' }, NONE),
    unknown: () => silenced.remove({ name: 'none', service: 'person' }, NONE),
    set: () => silenced.set(mail, Buffer.from('three')),
    rotate: () => silenced.set({ ...mail, expected: 'one', randomBytes: 16 }, NONE),
    there: () => silenced.set({ ...mail, expected: 'none' }, Buffer.from('three')),
    grant: () => silenced.grant({ ...mail, to: 'snarf', granted: true }, NONE),
    version_removed: () => silenced.removeVersion({ ...mail, version: 1 }, NONE),
    remove: () => silenced.remove(mail, NONE),
    lease: () => silenced.endLease({ ...mail, of: 'tieto' }, NONE),
    identity: () => silenced.identity({ service: 'tieto' }, NONE),
  }
  for (const [what, attempt] of Object.entries(attempts)) {
    await assert.rejects(attempt(), { code: 'AUDIT_FAILED' }, what)
  }
  assert.deepEqual([vault.revision(), audit.mark().count], before)
})

test('versions are listed and removed one by one, none is used twice, and the newest is in force', async (context) => {
  const { open } = await openHere(context)
  const { coven, close } = await open()
  const mail = { name: 'mail', service: 'person' }
  for (const value of ['one', 'two', 'three']) await coven.set(mail, Buffer.from(value))
  await coven.grant({ ...mail, to: 'tieto', granted: true }, NONE)
  await coven.removeVersion({ ...mail, version: 3 }, NONE)
  await close()
  const again = await open()
  const versions = async () => (await again.coven.versions({ name: 'mail' }, NONE)).output.versions
  assert.deepEqual(
    (await versions()).map(({ version }) => version),
    [1, 2],
  )
  assert.equal(text((await again.coven.reveal({ name: 'mail', service: 'tieto' }, NONE)).value), 'two')
  await assert.rejects(again.coven.removeVersion({ ...mail, version: 3 }, NONE), { code: 'SECRET_UNKNOWN' })
  assert.equal((await again.coven.set(mail, Buffer.from('four'))).output.version, 4)
  for (const version of [1, 2]) await again.coven.removeVersion({ ...mail, version }, NONE)
  await assert.rejects(again.coven.removeVersion({ ...mail, version: 4 }, NONE), { code: 'BAD_INPUT' })
  assert.deepEqual(
    (await versions()).map(({ version }) => version),
    [4],
  )
})

test('what is made from chance has its letters, its length, and never comes twice', async (context) => {
  const { coven } = await (await openHere(context)).open()
  const made = new Set<string>()
  for (const randomBytes of [16, 16, 32, 32, 8_192]) {
    await coven.set({ name: 'token', service: 'person', randomBytes }, NONE)
    await coven.grant({ name: 'token', to: 'person', granted: true, service: 'person' }, NONE)
    const value = text((await coven.reveal({ name: 'token', service: 'person' }, NONE)).value)
    assert.match(value, /^[A-Za-z0-9_-]+$/)
    assert.equal(value.length, Math.ceil((randomBytes * 8) / 6))
    made.add(value)
  }
  assert.equal(made.size, 5)
})

test('what is expected to be there, or not to be, is refused otherwise', async (context) => {
  const { coven } = await (await openHere(context)).open()
  const mail = { name: 'mail', service: 'person' }
  await assert.rejects(coven.set({ ...mail, expected: 'one' }, Buffer.from('x')), { code: 'SECRET_UNKNOWN' })
  await coven.set({ ...mail, expected: 'none', leaseMs: 60_000 }, Buffer.from('x'))
  await assert.rejects(coven.set({ ...mail, expected: 'none' }, Buffer.from('y')), { code: 'SECRET_THERE' })
  await coven.set({ ...mail, expected: 'one' }, Buffer.from('z'))
  const [only] = (await coven.list({}, NONE)).output.secrets
  assert.deepEqual([only?.version, only?.leaseMs], [2, 60_000])
})

test('a list that no message could hold comes in pages, and each secret once', async (context) => {
  const { coven, vault } = await (await openHere(context)).open()
  const names = Array.from({ length: 30 }, (_, index) => `a${index}${'x'.repeat(80)}`).sort()
  for (const name of names) await vault.set(name, Buffer.of(1))
  for (let count = 0; count < 40; count += 1)
    await vault.grant(names[0] ?? '', `s${count}${'y'.repeat(90)}`, true)
  const many = names.flatMap((name) =>
    Array.from({ length: 20 }, () => ({ ...vault.about(names[0] ?? ''), name })),
  )
  const paged = createCoven({
    vault: { ...vault, list: () => many as ReturnType<typeof vault.list> },
    audit: { append: () => Promise.reject() } as never,
  })
  assert.equal((await paged.list({}, NONE)).output.isEnd, false)
  const listed: string[] = []
  for (let isEnd = false; !isEnd; ) {
    const page: Awaited<ReturnType<typeof coven.list>>['output'] = (
      await coven.list({ after: listed.at(-1) }, NONE)
    ).output
    listed.push(...page.secrets.map(({ name }) => name))
    isEnd = page.isEnd
  }
  assert.deepEqual(listed, names)
})
