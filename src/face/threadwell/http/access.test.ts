import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type House, withHouse } from '../stand-in-house.ts'
import { noSecrets, standInServices, withFolder } from '../stand-ins.ts'
import { openLogin } from './login.ts'

async function codeOf(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: { code: string } }
  return [response.status, error.code]
}

test('nobody gets in without a cookie, but for what tells nothing', () =>
  withHouse(async ({ askAsStranger }) => {
    assert.deepEqual(await codeOf(await askAsStranger('/api/state')), [401, 'NOT_LOGGED_IN'])
    for (const path of ['/api', '/api/nothing']) assert.equal((await askAsStranger(path)).status, 401)
    for (const path of ['/', '/board/x', '/nothing']) assert.equal((await askAsStranger(path)).status, 401)
    for (const path of ['/healthz', '/static/x.css']) assert.equal((await askAsStranger(path)).status, 200)
    assert.equal((await askAsStranger('/static/../api/state')).status, 401)
  }))

test('a login link gives a cookie that scripts and other sites do not get, and leaves the address', () =>
  withHouse(async ({ askAsStranger, ask, home, threadwell }) => {
    const { signal } = new AbortController()
    const { loginUrl } = await threadwell.handlers.address({}, { signal, trace: '' })
    const token = new URL(loginUrl).searchParams.get('token') ?? ''
    assert.match(token, /^\w{43}$/)
    assert.ok(!(await readFile(join(home, 'run/threadwell/login.json'), 'utf8')).includes(token))
    const login = await askAsStranger(`/login?token=${token}`)
    assert.equal(login.status, 303)
    assert.equal(login.headers.get('location'), '/')
    assert.match(login.headers.get('set-cookie') ?? '', /; Path=\/; HttpOnly; SameSite=Strict$/)
    assert.equal((await ask('/api/state')).status, 200)
    assert.equal((await stat(join(home, 'run/threadwell/login.json'))).mode & 0o777, 0o600)
    for (const wrong of ['/login', '/login?token=', `/login?token=${token}x`, '/login?token=%00']) {
      const refused = await askAsStranger(wrong)
      assert.equal(refused.headers.get('set-cookie'), null)
      assert.equal(refused.status, 401)
      assert.match(await refused.text(), /log in/, 'a page says where a link comes from')
    }
  }))

test('a cookie outlives a restart, but not its date, nor a change of a single letter', () =>
  withFolder(async (folder) => {
    const saltPath = join(folder, 'login.json')
    const open = (nowMs: number, key: Buffer | undefined = Buffer.alloc(32, 7)) =>
      openLogin({ key, saltPath, cookieName: 'name', nowMs: () => nowMs })
    const former = JSON.stringify({ token: 'x'.repeat(43), sessionKey: 'y'.repeat(43) })
    await writeFile(saltPath, former)
    const login = await open(1_000)
    assert.equal(login.open('x'.repeat(43)), undefined)
    const cookie = login.open(login.token) ?? ''
    const later = await open(1_000 + login.sessionMs - 1)
    assert.equal(later.isOpen(cookie), true)
    const tooLate = await open(1_000 + login.sessionMs)
    assert.equal(tooLate.isOpen(cookie), false)
    const [until = '', signature = ''] = cookie.split('.')
    const forged = [`${until}0.${signature}`, `${until}.`, until, '', '.', `${until}.${signature.slice(1)}`]
    for (const wrong of [...forged, undefined]) assert.equal(later.isOpen(wrong), false)
    // Whoever has a copy of the file, and not the key, has nothing.
    assert.equal((await open(1_000, Buffer.alloc(32, 8))).isOpen(cookie), false)
    const keyless = await openLogin({ key: undefined, saltPath, cookieName: 'name' })
    assert.equal(keyless.isOpen(cookie), false)
    await rm(saltPath)
    assert.equal((await open(1_000)).isOpen(cookie), false)
  }))

test('a page of another site reaches nothing, by whatever name', () =>
  withHouse(async ({ ask, askAsStranger, threadwell }) => {
    const own = new URL(threadwell.url).host
    for (const host of ['evil.example', 'evil.example:80', '0.0.0.0', `127.0.0.1.evil.example`, '10.0.0.1']) {
      assert.deepEqual(await codeOf(await ask('/api/state', undefined, { headers: { host } })), [
        421,
        'FOREIGN_REQUEST',
      ])
      assert.equal((await askAsStranger('/healthz', { headers: { host } })).status, 421)
    }
    for (const host of ['localhost:9000', '[::1]:9000', '127.0.0.1', own]) {
      assert.equal(
        (await ask('/api/state', undefined, { headers: { host, origin: `http://${host}` } })).status,
        200,
      )
    }
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `https://${own}`]) {
      const refused = await ask('/api/boards', { title: 'x' }, { headers: { origin } })
      assert.deepEqual(await codeOf(refused), [403, 'FOREIGN_REQUEST'])
    }
    for (const site of ['cross-site', 'same-site']) {
      assert.equal((await ask('/api/state', undefined, { headers: { 'sec-fetch-site': site } })).status, 403)
    }
  }))

test('every answer forbids what pages do not need', () =>
  withHouse(async ({ ask, askAsStranger }) => {
    const answers = [
      await ask('/api/state'),
      await askAsStranger('/'),
      await ask('/nothing'),
      await ask('/api/events'),
    ]
    for (const { headers, body } of answers) {
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self';/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('cache-control'), 'no-store')
      await body?.cancel()
    }
  }))

async function newKey({ threadwell }: House, name = 'test') {
  return await threadwell.handlers.createKey({ name }, { signal: new AbortController().signal, trace: '' })
}

test('another program needs a key, and a browser may not use one', () =>
  withHouse(async (house) => {
    const { key } = await newKey(house)
    assert.match(key, /^runa_[0-9A-Za-z]{43}$/)
    const models = (headers: Record<string, string>) => house.askAsStranger('/v1/models', { headers })
    assert.equal((await models({ authorization: `Bearer ${key}` })).status, 200)
    assert.equal((await models({ authorization: `Bearer ${key}`, origin: house.threadwell.url })).status, 403)
    for (const wrong of [`Bearer ${key}x`, `Basic ${key}`, key, 'Bearer ', '']) {
      const refused = await models({ authorization: wrong })
      assert.equal(refused.status, 401)
      assert.equal(((await refused.json()) as { error: { code: string } }).error.code, 'invalid_api_key')
    }
    assert.equal((await house.ask('/v1/models')).status, 401)
    assert.equal(
      (await house.askAsStranger('/api/state', { headers: { authorization: `Bearer ${key}` } })).status,
      401,
    )
  }))

test('the figures of the bus are for who has a key, in the text format of Prometheus', () =>
  withHouse(async (house) => {
    const { key } = await newKey(house)
    const read = await house.askAsStranger('/metrics', { headers: { authorization: `Bearer ${key}` } })
    assert.equal(read.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(await read.text(), 'runa_bus_members 2\n')
    const refused = await house.ask('/metrics')
    assert.equal(refused.status, 401)
    assert.match(await refused.text(), /Authorization: Bearer KEY.*runa key create NAME/)
  }))

test('without coven there are no keys, and programs are told what is missing', () =>
  withHouse(
    async ({ askAsStranger, ask }) => {
      const headers = { authorization: 'Bearer runa_x' }
      const refused = await askAsStranger('/v1/models', { headers })
      assert.equal(refused.headers.get('retry-after'), null)
      assert.match(refused.headers.get('content-security-policy') ?? '', /default-src/)
      assert.deepEqual(await codeOf(refused), [503, 'SECRETS_MISSING'])
      assert.equal((await ask('/api/state')).status, 200)
    },
    standInServices(),
    '/nonexistent',
    noSecrets,
  ))
