import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { packageFolder } from '#kernel/home'
import { openCoven } from '../open.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-unwritable-'))
after(() => rmSync(folder, { recursive: true }))

const COVEN = join(packageFolder(), 'dist/src/kernel/coven/index.js')

/** So long may a file be, in blocks of 512 bytes: beyond, the kernel refuses to write, as it does on a full disk. */
const BLOCKS = 16

/** Reveals until the list takes no more, then tries every other way in which a secret could be had. */
const WORKER = `
  const { createCoven, openCoven } = await import(process.argv[2])
  const { vault, audit } = await openCoven({ folder: process.argv[1] })
  const coven = createCoven({ vault, audit })
  const outcome = (promise) => promise.then(({ value }) => value?.length ?? 'done', ({ code }) => code)
  const tieto = { name: 'mail', service: 'tieto' }
  const NONE = Buffer.alloc(0)
  let given = 0
  while ((await outcome(coven.reveal(tieto, NONE))) === 6) given += 1
  const before = vault.revision()
  const outcomes = {
    reveal: await outcome(coven.reveal(tieto, NONE)),
    once: await outcome(coven.reveal({ name: 'seed', service: 'tieto' }, NONE)),
    export: await outcome(coven.reveal({ ...tieto, exported: true }, NONE)),
    denied: await outcome(coven.reveal({ name: 'mail', service: 'snarf' }, NONE)),
    lease: await outcome(coven.endLease({ name: 'mail', of: 'tieto', service: 'person' }, NONE)),
    identity: await outcome(coven.identity({ service: 'tieto' }, NONE)),
    set: await outcome(coven.set({ name: 'mail', service: 'person' }, Buffer.from('x'))),
  }
  process.stdout.write(JSON.stringify({ given, outcomes, changed: vault.revision() - before }))
  process.exit()
`

test('when the file of the list cannot be written any more, nothing is given, and every answer says so', async () => {
  const home = join(folder, 'vault')
  const opened = await openCoven({ folder: home })
  await opened.vault.set('mail', Buffer.from('a word'))
  await opened.vault.set('seed', Buffer.from('only once'), { once: true })
  for (const name of ['mail', 'seed']) await opened.vault.grant(name, 'tieto', true)
  const revision = opened.vault.revision()
  await opened.close()

  const command = `ulimit -f ${BLOCKS}; exec "$0" --input-type=module -e "$1" "$2" "$3"`
  const { stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, WORKER, home, COVEN], {
    encoding: 'utf8',
  })
  assert.ok(stdout.startsWith('{'), stderr)
  const { given, outcomes, changed } = JSON.parse(stdout) as {
    given: number
    outcomes: Record<string, unknown>
    changed: number
  }
  assert.ok(given > 5, `${given} were given before`)
  assert.deepEqual(new Set(Object.values(outcomes)), new Set(['AUDIT_FAILED']), stdout)
  assert.equal(changed, 0)

  const again = await openCoven({ folder: home })
  const entries = await again.audit.latest(200)
  assert.equal(entries.length, given, 'all that was given is written down, and nothing else')
  assert.equal(again.vault.revision(), revision)
  assert.equal(String((await again.vault.take('seed')).value), 'only once')
  await again.close()
})
