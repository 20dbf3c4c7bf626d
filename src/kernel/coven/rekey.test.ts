import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import promises, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openCoven } from './open.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-rekey-'))
after(() => rmSync(root, { recursive: true }))
let made = 0
const PASSPHRASE = Buffer.from('seven quiet herons')
const UNDER = {
  'a key file': () => ({}),
  'a passphrase': () => ({ unlock: { passphrase: Buffer.from(PASSPHRASE) }, scryptN: 2 ** 10 }),
}

/** A vault with a secret and a list of four entries. */
async function makeVault(kind: keyof typeof UNDER): Promise<string> {
  made += 1
  const folder = join(root, String(made))
  const { vault, audit, close } = await openCoven({ folder, ...UNDER[kind]() })
  await vault.set('mail', Buffer.from('a secret'))
  const about = { operation: 'reveal', secret: 'mail', service: 'tieto', outcome: 'granted' } as const
  for (let at = 1; at <= 4; at += 1) await audit.append({ ...about, at, revision: vault.revision() })
  await close()
  return folder
}

const MUTATING = ['write', 'writeFile', 'appendFile', 'truncate', 'sync', 'datasync'] as const

/**
 * Runs `work` as in a process that is ended right before its write number `count`: that one and whatever would follow do not
 * happen, not even what cleans up. Resolves to whether it came that far.
 */
async function stopAt(count: number, work: () => Promise<unknown>): Promise<boolean> {
  let left = count
  const guard = <Arguments extends unknown[], Result>(act: (...words: Arguments) => Result) =>
    function guarded(this: unknown, ...words: Arguments): Result {
      left -= 1
      if (left <= 0) throw new Error('The process was ended.')
      return act.apply(this, words)
    }
  const probe = await promises.open(root, 'r')
  const handles = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  const kept = MUTATING.map((name) => [name, handles[name]] as const)
  const { rename, rm } = promises
  Object.assign(promises, { rename: guard(rename), rm: guard(rm) })
  for (const [name, act] of kept) Object.assign(handles, { [name]: guard(act as () => unknown) })
  syncBuiltinESMExports()
  try {
    await work()
  } catch {
    // A test fails for what it finds afterwards.
  } finally {
    Object.assign(promises, { rename, rm })
    for (const [name, act] of kept) Object.assign(handles, { [name]: act })
    syncBuiltinESMExports()
  }
  return left <= 0
}

for (const kind of Object.keys(UNDER) as (keyof typeof UNDER)[]) {
  test(`under ${kind}: wherever a change of the root key is stopped, vault and list open, whole, and under one key`, async () => {
    const folder = await makeVault(kind)
    const before = join(root, `before-${made}`)
    cpSync(folder, before, { recursive: true })
    const outcomes = new Set<string>()
    let isStopped = true
    for (let count = 1; isStopped; count += 1) {
      rmSync(folder, { recursive: true })
      cpSync(before, folder, { recursive: true })
      isStopped = await stopAt(count, async () => {
        const opened = await openCoven({ folder, ...UNDER[kind]() })
        await opened.rekey().finally(opened.close)
      })
      const { vault, audit, close } = await openCoven({ folder, ...UNDER[kind]() })
      assert.equal(String(vault.read('mail').value), 'a secret', `stopped at ${count}`)
      const done = (await audit.latest(10)).map(({ operation }) => operation)
      assert.deepEqual(done.slice(0, 4), ['reveal', 'reveal', 'reveal', 'reveal'])
      // What was begun and settled can be begun again.
      await vault.set('mail', Buffer.from('another'))
      await close()
      assert.deepEqual(
        readdirSync(folder).filter((name) => /next|new/.test(name)),
        [],
      )
      const isOld = existsSync(join(folder, 'vault.key'))
        ? readFileSync(join(folder, 'vault.key')).equals(readFileSync(join(before, 'vault.key')))
        : false
      outcomes.add(`${done.length} entries, ${isOld ? 'old' : 'new'} file`)
    }
    assert.ok(outcomes.size >= 2)
  })
}

test('what opened an old copy opens nothing that is written after a change of the root key', async () => {
  const folder = await makeVault('a key file')
  const old = join(root, `old-${made}`)
  cpSync(folder, old, { recursive: true })
  const opened = await openCoven({ folder })
  await opened.rekey()
  await opened.close()
  assert.notDeepEqual(readFileSync(join(folder, 'vault.key')), readFileSync(join(old, 'vault.key')))
  cpSync(join(old, 'vault.key'), join(folder, 'vault.key'))
  await assert.rejects(openCoven({ folder }), { code: 'VAULT_KEY_WRONG' })
  // The old list is none of the new vault, and the old vault none of the new list.
  const again = await makeVault('a passphrase')
  const copy = join(root, `copy-${made}`)
  cpSync(again, copy, { recursive: true })
  const second = await openCoven({ folder: again, ...UNDER['a passphrase']() })
  await second.rekey()
  await second.close()
  cpSync(join(copy, 'audit.journal'), join(again, 'audit.journal'))
  await assert.rejects(openCoven({ folder: again, ...UNDER['a passphrase']() }), { code: 'AUDIT_BROKEN' })
})

test('a passphrase that was wiped is not made the key of a vault', async () => {
  const folder = await makeVault('a passphrase')
  const options = UNDER['a passphrase']()
  const opened = await openCoven({ folder, ...options })
  options.unlock.passphrase.fill(0)
  await assert.rejects(opened.rekey(), { code: 'VAULT_KEY_WRONG' })
  await opened.close()
  await (await openCoven({ folder, ...UNDER['a passphrase']() })).close()
})
