import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import type { ServiceStatus } from '#protocol'
import { createTestRuna, kill, until } from './test-runa.ts'

const PASSPHRASE = 'seven quiet herons'
const runa = createTestRuna()
after(() => runa.remove())
const vault = (name: string) => join(runa.home, 'vault', name)

/** Every file of a fresh home. Of keys, there are those that docs/guides/security.md names, and no others. */
const KNOWN_FILES = [
  /^vault\/(secrets\.vault(\.lock)?|audit\.journal|vault\.key)$/,
  // A sealed key, one that destroys what was said when it is overwritten, and a salt, which is no secret.
  /^memory\/(lock|user\.key)$/,
  /^run\/threadwell\/login\.json$/,
  /^run\/(threadwell\/port|runa\.lock|world\.lock|peaks\.json|plan\.json)$/,
  /^logs\/([a-z]+\.log|history\.journal)$/,
  /^topics\/handbook\/[\w-]+\.jsonl$/,
  /^boards\/[\w-]+\.journal$/,
  /^(outward\.journal|threadwell\/marks\.json)$/,
]

/** Every byte of the vault, by file. */
function vaultBytes(): Record<string, string> {
  const names = readdirSync(join(runa.home, 'vault'))
  return Object.fromEntries(names.map((name) => [name, readFileSync(vault(name), 'hex')]))
}

/** Nothing where even the same user may not look. */
function toldBy(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EACCES')
    return ''
  }
}

async function refuses(code: string, input: string, ...words: readonly string[]): Promise<void> {
  const before = vaultBytes()
  const { status, stderr } = await runa.runaWith(input, ...words, '--json')
  assert.equal(status, 1, stderr)
  const { error } = JSON.parse(stderr) as { error: { code: string; advice: string } }
  assert.equal(error.code, code)
  assert.notEqual(error.advice, '')
  assert.deepEqual(vaultBytes(), before)
}

test('the first start makes a key file, and says once what that protects', async () => {
  const { status, stderr } = await runa.runa('up', '--detach')
  assert.equal(status, 0, stderr)
  assert.match(stderr, /sealed with a key that was just made: .*vault\.key\.\n.*does not help against/)
  assert.equal((await runa.runaWith('of 11 bytes', 'secret', 'set', 'mail')).status, 0)
  assert.equal((await runa.runa('secret', 'get', 'mail')).stdout, 'of 11 bytes')
  assert.equal((await runa.runa('secret', 'get', 'alethia.master', '--json')).status, 1)
  const list = (await runa.runa('secret')).stdout
  assert.match(list, /^mail .* you +person +15 min 0 s$/m)
  assert.match(list, /^alethia\.master .* alethia +alethia +-$/m)
  assert.match((await runa.runa('secret', 'audit')).stdout, /person +reveal +mail +granted\n/)
  await refuses('RUNNING_ALREADY', `${PASSPHRASE}\n`, 'secret', 'passphrase', '--passphrase-stdin')
  await runa.runa('down')
  const files = readdirSync(runa.home, { recursive: true, withFileTypes: true })
  const unknown = files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => relative(runa.home, join(parentPath, name)))
    .filter((path) => !KNOWN_FILES.some((known) => known.test(path)))
  assert.deepEqual(
    unknown,
    [],
    'a new file: if it holds a key, that belongs into the vault; if not, name it above',
  )
  renameSync(vault('vault.key'), join(runa.home, 'put-aside'))
  await refuses('VAULT_KEY_MISSING', '', 'up')
  renameSync(join(runa.home, 'put-aside'), vault('vault.key'))
})

test('a passphrase takes the place of the key file, and a wrong one opens nothing', async () => {
  const { status, stderr } = await runa.runaWith(
    `${PASSPHRASE}\n`,
    'secret',
    'passphrase',
    '--passphrase-stdin',
  )
  assert.equal(status, 0, stderr)
  assert.ok(!readdirSync(join(runa.home, 'vault')).includes('vault.key'))
  await refuses('VAULT_KEY_WRONG', 'seven quiet herrings\n', 'up', '--passphrase-stdin')
  await refuses('VAULT_KEY_WRONG', 'seven quiet herrings\n', 'up', '--detach', '--passphrase-stdin')
})

test('a detached Runa has the passphrase from a pipe, and serves secrets after a death without a person', async () => {
  const { status, stderr } = await runa.runaWith(`${PASSPHRASE}\n`, 'up', '--detach', '--passphrase-stdin')
  assert.equal(status, 0, stderr)
  assert.doesNotMatch(stderr, /vault\.key/)
  for (const pid of [runa.state().ancestor.pid, ...runa.processes()]) {
    for (const file of ['cmdline', 'environ']) assert.ok(!toldBy(pid, file).includes('herons'))
  }
  const before = runa.state().gilgul.pid
  kill(before)
  await until(() => runa.state().gilgul.pid !== before)
  assert.equal((await runa.runa('secret', 'get', 'mail')).stdout, 'of 11 bytes')
})

const running = async (...names: readonly string[]) => {
  const services = (await runa.ask('status'))['services'] as ServiceStatus[]
  return services.filter(({ name, state }) => names.includes(name) && state === 'running')
}
const unseal = (passphrase = PASSPHRASE) =>
  runa.runaWith(`${passphrase}\n`, 'secret', 'unseal', '--passphrase-stdin')

test('when coven dies, everything runs on, and secrets are there again once a person has opened the vault', async () => {
  const names = ['alethia', 'snarf', 'conversation', 'threadwell', 'tieto']
  const before = await running(...names)
  const { ancestor } = runa.state()
  kill(ancestor.pid)
  await until(async () => {
    const { stdout, status } = await runa.runa('status', '--json')
    return status === 0 && stdout.includes('"coven":"sealed"')
  })
  assert.deepEqual(
    (await running(...names)).map(({ pid }) => pid),
    before.map(({ pid }) => pid),
  )
  const { status, stderr } = await runa.runa('secret', 'get', 'mail')
  assert.equal(status, 3)
  assert.match(stderr, /VAULT_LOCKED\]\n.*runa secret unseal/)
  assert.match((await unseal('seven quiet herrings')).stderr, /VAULT_KEY_WRONG/)
  await until(async () => (await unseal()).status === 0)
  await until(async () => (await runa.runa('secret', 'get', 'mail')).stdout === 'of 11 bytes')
  await runa.runa('down')
})

test('without a terminal Runa starts sealed, and what needs a secret starts once the vault is open', async () => {
  const up = await runa.runa('up', '--detach')
  assert.equal(up.status, 0, up.stderr)
  assert.equal(up.stdout, '')
  assert.match(up.stderr, /The vault is sealed: services that need a secret wait/)
  assert.deepEqual(
    (await running('tieto', 'alethia', 'threadwell')).map(({ name }) => name),
    ['tieto'],
  )
  assert.match((await runa.runa('ask', 'Why?')).stderr, /VAULT_LOCKED/)
  assert.equal((await unseal()).status, 0)
  await until(async () => (await running('alethia', 'threadwell')).length === 2)
  assert.equal((await runa.ask('secret', 'seal'))['vault'], 'sealed')
  assert.match((await runa.runa('restart', 'alethia')).stderr, /VAULT_LOCKED/)
  assert.equal((await running('alethia')).length, 1)
  await runa.runa('down')
})

test('another root key takes vault and list, and the same passphrase opens both', async () => {
  const sealed = readFileSync(vault('secrets.vault'))
  await refuses('VAULT_KEY_WRONG', 'seven quiet herrings\n', 'secret', 'rekey', '--passphrase-stdin')
  const { status, stderr } = await runa.runaWith(`${PASSPHRASE}\n`, 'secret', 'rekey', '--passphrase-stdin')
  assert.equal(status, 0, stderr)
  assert.notDeepEqual(readFileSync(vault('secrets.vault')), sealed)
})

test('a vault that is damaged, gone or another one, and a list that was cut, are refused, and left as they are', async () => {
  const [sealed, list] = ['secrets.vault', 'audit.journal'].map((name) => readFileSync(vault(name))) as [
    Buffer,
    Buffer,
  ]
  const up = ['up', '--passphrase-stdin']
  const flipped = Buffer.from(sealed)
  flipped[200] = (flipped[200] ?? 0) ^ 1
  writeFileSync(vault('secrets.vault'), flipped)
  await refuses('VAULT_CORRUPT', `${PASSPHRASE}\n`, ...up)
  writeFileSync(vault('secrets.vault'), 'a letter to a friend')
  await refuses('VAULT_VERSION', `${PASSPHRASE}\n`, ...up)
  writeFileSync(vault('secrets.vault'), sealed)
  rmSync(vault('secrets.vault'))
  await refuses('VAULT_MISSING', `${PASSPHRASE}\n`, ...up)
  writeFileSync(vault('secrets.vault'), sealed)
  writeFileSync(vault('audit.journal'), list.subarray(0, 8))
  await refuses('AUDIT_BROKEN', `${PASSPHRASE}\n`, ...up)
})

test('a list that is lost is begun anew on purpose, and without coven Runa says what is missing', async () => {
  const anew = await runa.runaWith(`${PASSPHRASE}\n`, 'up', '--detach', '--passphrase-stdin', '--new-list')
  assert.equal(anew.status, 0, anew.stderr)
  assert.equal((await runa.runa('secret', 'get', 'mail')).stdout, 'of 11 bytes')
  await runa.runa('down')
  const without = await runa.runa('up', '--detach', '--without-coven')
  assert.equal(without.status, 0, without.stderr)
  assert.match(without.stderr, /without coven: it has no secrets/)
  assert.equal((await runa.ask('status'))['coven'], 'absent')
  await refuses('SECRETS_MISSING', '', 'secret', 'list')
  await refuses('SECRETS_MISSING', '', 'secret', 'unseal')
  await runa.runa('down')
})
