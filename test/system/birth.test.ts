import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createCoven, openCoven } from '#kernel/coven'
import { createKey } from '#kernel/seal'
import { knock } from '#kernel/service'
import { digestOf } from '../../src/face/threadwell/http/secret.ts'
import { createTestRuna, kill, UP, until } from './test-runa.ts'

const runa = createTestRuna()
const vault = join(runa.home, 'vault')
const FORMER_KEY = 'runa_of-an-earlier-version'
const formerMaster = createKey()
/** Whatever could be looked at while Runa ran: place, and bytes. */
const seen = new Map<string, Buffer>()

before(async () => {
  // A home as an earlier version left it.
  mkdirSync(vault)
  writeFileSync(join(vault, 'alethia.key'), formerMaster, { mode: 0o600 })
  const digest = digestOf(FORMER_KEY).toString('hex')
  const keys = [{ id: 'former', name: 'editor', createdAt: 1, usedAt: 0, digest }]
  writeFileSync(join(runa.home, 'keys.json'), JSON.stringify({ keys }))
  await runa.start()
})
after(() => runa.remove())

async function askApi(key: string): Promise<[number, string | undefined]> {
  const { url } = await runa.ask('status')
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
  const { error } = (await response.json()) as { error?: { code: string } }
  return [response.status, error?.code]
}

test('keys of an earlier version open what they opened, and their files are gone', async () => {
  assert.deepEqual(await askApi(FORMER_KEY), [200, undefined])
  assert.equal(existsSync(join(runa.home, 'keys.json')), false)
  assert.equal(existsSync(join(vault, 'alethia.key')), false)
})

test('a key for programs outlives gilgul, until it is revoked', async () => {
  const { id, key } = (await runa.ask('key', 'create', 'tool')) as { id: string; key: string }
  const { gilgul } = runa.state()
  kill(gilgul.pid)
  // The next one writes its state anew, and the address last.
  await until(() => existsSync(join(runa.home, 'run/runa.json')) && runa.state().gilgul.pid !== gilgul.pid)
  await until(() => runa.state().url !== '')
  assert.deepEqual(await askApi(key), [200, undefined])
  await runa.ask('key', 'revoke', id)
  assert.deepEqual(await askApi(key), [401, 'invalid_api_key'])
})

test('no birth is left open by those who took it, or gave it', async () => {
  const { ancestor, gilgul, services } = runa.state()
  const pids = [ancestor, gilgul, ...Object.values(services).flatMap(({ process }) => process ?? [])]
  assert.equal(pids.length, Object.keys(services).length + 2)
  const open = pids.flatMap(({ pid }) => namesOf(pid))
  assert.ok(
    open.some((name) => name.includes('/memfd:runa-coven')),
    'where coven and gilgul met is open',
  )
  assert.deepEqual(
    open.filter((name) => name.includes('runa-birth')),
    [],
  )
})

function namesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))]
    } catch {
      return []
    }
  })
}

test('no key stands in an argument, in the environment, on the disk or on a bus', async () => {
  const { bus } = runa.state()
  const keys = [...(await knock(bus)).entries()].map(([name, key]): [string, Buffer] => [
    `words ${name}`,
    key,
  ])
  assert.ok(keys.length >= 8)
  for (const pid of runa.processes()) {
    for (const name of ['cmdline', 'environ']) look(`/proc/${pid}/${name}`)
  }
  lookInto(runa.home)
  lookInto(runa.busFolder)
  await runa.runa('down')
  lookInto(runa.home)

  const opened = await openCoven({ folder: vault })
  const coven = createCoven(opened)
  for (const service of ['alethia', 'snarf', 'conversation', 'threadwell', 'tieto', 'inference']) {
    keys.push([
      `identity of ${service}`,
      (await coven.identity({ service }, Buffer.alloc(0))).value as Buffer,
    ])
  }
  for (const { name } of opened.vault.list()) keys.push([name, opened.vault.read(name).value])
  await opened.close()
  const named = new Map(keys)
  assert.deepEqual(named.get('alethia.master'), formerMaster)
  assert.equal(named.get('snarf.seal')?.length, 32)
  assert.equal(named.get('threadwell.seal')?.length, 32)

  assert.deepEqual(
    keys.flatMap(([name, key]) => placesOf(key).map((place) => `${name}: ${place}`)),
    [],
  )
  const keyFile = join(vault, 'vault.key')
  assert.deepEqual(new Set(placesOf(readFileSync(keyFile))), new Set([keyFile]), 'what is there is found')
})

function look(path: string): void {
  try {
    seen.set(`${path} ${seen.size}`, readFileSync(path))
  } catch {
    // Gone meanwhile; or closed to the eyes of others, which is as good.
  }
}

function lookInto(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) look(path)
  }
}

/** Where those bytes stand, as they are, in hex or in base64. */
function placesOf(key: Buffer): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), key]).toString('base64')
    return text.slice(4, 40)
  })
  const needles = [key, ...[key.toString('hex'), ...base64].map((text) => Buffer.from(text))]
  return [...seen].flatMap(([place, bytes]) =>
    needles.some((needle) => bytes.includes(needle)) ? [place.replace(/ \d+$/, '')] : [],
  )
}

test('without coven, programs are told what is missing', async () => {
  await runa.start([...UP, '--without-coven'])
  assert.deepEqual(await askApi(FORMER_KEY), [503, 'SECRETS_MISSING'])
  const { status, stderr } = await runa.runa('key', 'create', 'tool')
  assert.equal(status, 1)
  assert.match(stderr, /without coven/)
  await runa.runa('down')
})
