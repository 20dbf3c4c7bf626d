import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FailureCause } from '#protocol'
import { diagnose } from './diagnose.ts'
import { death } from './fixture.ts'

type Changes = Parameters<typeof death>[0]

const killed = { code: null, signal: 'SIGKILL' } as const
const ended = (code: number) => ({ code, signal: null })
const refused = (code: string) => ({
  code: null,
  signal: null,
  error: Object.assign(new Error(`spawn x ${code}`), { code }),
})
const silent = { kind: 'silent', sentence: 'It had fallen silent for 10 s.', wasPaused: false } as const
const late = { kind: 'late', sentence: 'It was not ready within 20 s.', wasPaused: false } as const
const talkNeeds = (isRunning: boolean) => [{ name: 'talk', isRunning }]
const cannot = (code: string, sentence = 'Because.') => [`x cannot start: ${sentence} [${code}]`, 'Do that.']
const model = (state: 'missing' | 'no-model' | 'cut' | 'forbidden') => ({ path: '/m.gguf', state })
const full = [{ folder: '/home', freeBytes: 0 }]

const DEATHS: readonly (readonly [FailureCause, Changes])[] = [
  ['out-of-memory', { exit: killed, memoryKills: 1, wasReady: true }],
  ['out-of-memory', { exit: killed, kernelNamedIt: true, wasReady: true }],
  ['out-of-memory', { exit: ended(137), memoryKills: 1, wasReady: true }],
  [
    'out-of-memory',
    {
      exit: { code: null, signal: 'SIGABRT' },
      said: ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
    },
  ],
  ['out-of-memory', { said: ['Traceback (most recent call last):', 'MemoryError'] }],
  ['out-of-memory', { exit: killed, verdict: silent, said: ['FATAL ERROR: heap out of memory'] }],
  ['model-too-big', { exit: killed, memoryKills: 1, isModel: true }],
  ['model-too-big', { said: cannot('MODEL_FAILED', 'Failed to allocate the cache.'), isModel: true }],
  ['port-taken', { said: ['Error: listen EADDRINUSE: address already in use 127.0.0.1:7862'] }],
  ['port-taken', { said: ['OSError: [Errno 98] Address already in use'] }],
  ['port-taken', { said: cannot('PORT_BUSY') }],
  ['file-missing', { exit: refused('ENOENT') }],
  ['file-missing', { exit: ended(127), said: ['sh: 1: nosuch: not found'] }],
  ['file-missing', { said: ["FileNotFoundError: [Errno 2] No such file or directory: '/x/y'"] }],
  ['file-missing', { isModel: true, model: model('missing'), said: cannot('MODEL_FAILED') }],
  ['model-corrupt', { isModel: true, model: model('no-model'), said: cannot('MODEL_FAILED') }],
  ['model-corrupt', { isModel: true, model: model('cut'), exit: { code: null, signal: 'SIGBUS' } }],
  ['permission', { isModel: true, model: model('forbidden') }],
  ['permission', { exit: refused('EACCES') }],
  ['permission', { said: ["Error: EACCES: permission denied, open '/etc/shadow'"] }],
  ['permission', { exit: ended(126) }],
  ['data-corrupt', { said: cannot('JOURNAL_CORRUPT') }],
  ['bad-configuration', { said: cannot('CONFIG_INVALID') }],
  ['bad-configuration', { exit: ended(2), said: ['x.py: error: unrecognized arguments: --fast'] }],
  ['bad-configuration', { said: ['SyntaxError: Unexpected token in JSON at position 3'] }],
  ['illegal-instruction', { exit: { code: null, signal: 'SIGILL' } }],
  ['illegal-instruction', { exit: ended(132) }],
  ['hang', { verdict: silent, exit: killed, wasReady: true }],
  ['hang', { verdict: { ...silent, wasPaused: true }, exit: killed, wasReady: true }],
  ['hang', { verdict: late, exit: { code: null, signal: 'SIGTERM' } }],
  ['dependency-down', { verdict: late, exit: killed, needs: talkNeeds(false) }],
  ['dependency-down', { said: ['Error: connect ECONNREFUSED 127.0.0.1:1'], needs: talkNeeds(false) }],
  ['dependency-down', { exit: ended(1), needs: talkNeeds(false), wasReady: true }],
  ['disk-full', { said: ['Error: ENOSPC: no space left on device, write'] }],
  ['disk-full', { said: cannot('DISK_FULL') }],
  ['disk-full', { exit: { code: null, signal: 'SIGBUS' }, disks: full }],
  ['limit-reached', { said: ["Error: EMFILE: too many open files, open '/x'"] }],
  ['limit-reached', { exit: { code: null, signal: 'SIGXCPU' } }],
  ['killed', { exit: killed }],
  ['killed', { exit: { code: null, signal: 'SIGHUP' } }],
  ['crash', { exit: { code: null, signal: 'SIGSEGV' } }],
  ['crash', { said: ["TypeError: Cannot read properties of undefined (reading 'x')", '    at x'] }],
  ['unknown', { exit: ended(0) }],
  ['unknown', { exit: ended(3) }],
  ['unknown', { exit: { code: null, signal: null } }],
]

test('every kind of death is told from the others', () => {
  for (const [cause, changes] of DEATHS) {
    const { because } = diagnose(death(changes))
    assert.equal(diagnose(death(changes)).cause, cause, because)
  }
})

test('a call that failed long before is not what a process died of', () => {
  const said = ['{"time":"t","error":"ENOSPC"}', 'TypeError: no such thing', '    at x']
  assert.equal(diagnose(death({ said })).cause, 'crash')
})

test('a kill by somebody is no want of memory, and force of ours is no kill', () => {
  assert.match(diagnose(death({ exit: killed })).because, /ended by SIGKILL/)
  assert.equal(diagnose(death({ exit: killed, verdict: silent, memoryKills: 0 })).cause, 'hang')
})

test('who has the port is named, and whether it is left of an earlier Runa', () => {
  const said = ['Error: listen EADDRINUSE: address already in use 127.0.0.1:7862']
  const holder = { pid: 7, name: 'python3', isOrphan: false }
  const stranger = diagnose(death({ said, port: { port: 7862, holder } }))
  assert.match(stranger.because, /python3 \(process 7\) listens on port 7862/)
  assert.match(stranger.advice, /another port/)
  const orphan = diagnose(death({ said, port: { port: 7862, holder: { ...holder, isOrphan: true } } }))
  assert.match(orphan.because, /earlier start of Runa/)
})

test('whatever a process says, there is a diagnosis of bounded length', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2_000 })), fc.nat(255), (said, code) => {
      const { because } = diagnose(death({ said, exit: ended(code) }))
      assert.ok(because.length > 0 && because.length < 2_600)
    }),
  )
})
