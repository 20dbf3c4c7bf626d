import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { askProbe } from './ask-probe.ts'

const PACE = { periodSeconds: 1, failuresMax: 1 }
const surroundings = {
  folder: tmpdir(),
  environment: { PATH: process.env['PATH'] ?? '', HOW: 'well' },
  infer: () => Promise.reject(new Error('no token')),
}

/** Answers with the status that the path names; says nothing at /silent, and never stops speaking at /endless. */
const server = createServer((request, response) => {
  if (request.url === '/silent') return
  if (request.url !== '/endless') return void response.writeHead(Number(request.url?.slice(1))).end()
  const timer = setInterval(() => response.write('on and on'), 1)
  response.on('close', () => clearInterval(timer))
})
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  server.closeAllConnections()
  server.close()
})

function askHttp(path: string, timeoutSeconds = 20): Promise<boolean> {
  const { port } = server.address() as AddressInfo
  return askProbe({ http: { port, path }, timeoutSeconds, ...PACE }, surroundings)
}

const askProgram = (script: string, timeoutSeconds = 20) =>
  askProbe({ command: ['sh', '-c', script], timeoutSeconds, ...PACE }, surroundings)

test('a status below 400 is well, and what follows it is not waited for', async () => {
  for (const path of ['/200', '/204', '/399', '/endless']) assert.equal(await askHttp(path), true, path)
  for (const path of ['/400', '/404', '/503']) assert.equal(await askHttp(path), false, path)
})

test('who does not answer in time, or listens nowhere, is not well', async () => {
  assert.equal(await askHttp('/silent', 0.1), false)
  const nobody = { http: { port: 1, path: '/' }, timeoutSeconds: 20, ...PACE }
  assert.equal(await askProbe(nobody, surroundings), false)
})

test('a program says it by its status, and sees the environment of its service', async () => {
  assert.equal(await askProgram('test "$HOW" = well'), true)
  assert.equal(await askProgram('exit 3'), false)
  assert.equal(await askProgram('exec sleep 60', 0.1), false)
  assert.equal(await askProgram('yes | head -c 1000000'), false)
  assert.equal(await askProbe({ command: ['./none'], timeoutSeconds: 1, ...PACE }, surroundings), false)
})

test('a model that makes no token is not well', async () => {
  const probe = { inference: true as const, timeoutSeconds: 1, ...PACE }
  assert.equal(await askProbe(probe, surroundings), false)
  assert.equal(await askProbe(probe, { ...surroundings, infer: async () => {} }), true)
})
