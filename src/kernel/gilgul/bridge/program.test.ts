import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEnvelope, type Envelope, plainEnvelope } from '#protocol'
import { identify, isAlive } from '../identity.ts'
import { startProgram } from './program.ts'

const start = (script: string) =>
  startProgram([process.execPath, '-e', script], { folder: tmpdir(), environment: { PATH: '' } })

const ECHO = 'process.stdin.pipe(process.stdout)'

test('envelopes cross, and the end of its input ends the program', async () => {
  const program = start(ECHO)
  const echo = new Promise<Envelope>((resolve) => program.transport.listen(resolve))
  const sent = createEnvelope({ from: 'a', to: 'b', type: 'query', payload: { text: 'Grüße' } })
  program.transport.send(sent)
  assert.deepEqual(plainEnvelope(await echo), plainEnvelope(sent))
  await program.stop()
  assert.deepEqual(await program.ended, { sentence: 'Its program ended by itself.', status: 1 })
})

test('a program that does not heed the end of its input is forced', async () => {
  const program = start('setInterval(() => {}, 1e6)')
  await program.stop()
  assert.match((await program.ended).sentence, /SIGKILL/)
})

test('a program that heeds nothing ends with its bridge, also where that one is killed', async () => {
  const stubborn = "process.on('SIGTERM', () => {}); console.error(process.pid); setInterval(() => {}, 1e6)"
  const words = JSON.stringify([process.execPath, '-e', stubborn])
  const bridge = spawn(
    process.execPath,
    [
      ...['--input-type=module', '-e'],
      `import { startProgram } from ${JSON.stringify(new URL('program.js', import.meta.url).href)}
       startProgram(${words}, { folder: '/', environment: {} })`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const [said] = await once(bridge.stderr, 'data')
  const program = identify(Number(said)) ?? assert.fail('it is not there')
  bridge.kill('SIGKILL')
  while (isAlive(program)) await sleep(5)
})

test('the status of a program that dies is told, and its own words are left to its log', async () => {
  assert.deepEqual(await start('process.exit(3)').ended, { sentence: '', status: 3 })
})

test('a line that is no envelope ends the talk with the field that is wrong, not with what stands in it', async () => {
  const broken = {
    ...plainEnvelope(createEnvelope({ from: 'a', to: 'b', type: 'event' })),
    sentAt: 'dear diary',
  }
  for (const [line, told] of [
    [JSON.stringify(JSON.stringify(broken)), 'sentAt: '],
    ["'dear diary'", 'it is not JSON'],
    ["'x'.repeat(2 ** 21)", 'longer than 1048576'],
  ] as const) {
    const program = start(`process.stdout.write(${line} + '\\n'); ${ECHO}`)
    const { sentence } = await program.ended
    program.kill()
    assert.ok(sentence.includes(told), sentence)
    assert.doesNotMatch(sentence, /diary/)
  }
})

test('a program that does not exist is a mistake in the configuration', async () => {
  const program = startProgram(['/no/such/program'], { folder: tmpdir(), environment: {} })
  await assert.rejects(program.ended, { code: 'CONFIG_INVALID', message: /ENOENT/ })
})
