import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RESTART_DEFAULT } from './restarts.ts'
import { createStage, LIMITS, spec } from './stage-fixture.ts'

test('services start once what they need runs, two at a time', async () => {
  const specs = [spec('page', ['talk']), spec('a'), spec('b'), spec('c'), spec('talk', ['a', 'b'])]
  const { supervisor, launched, stateOf } = createStage(specs)
  const started = supervisor.start()
  const names = () => launched.map(({ name }) => name).join(' ')
  assert.equal(names(), 'a b')
  supervisor.find('a').heard()
  assert.equal(names(), 'a b c')
  supervisor.find('b').heard()
  assert.equal(names(), 'a b c talk')
  supervisor.find('talk').heard()
  supervisor.find('c').heard()
  supervisor.find('page').heard()
  await started
  assert.equal(stateOf('page'), 'running')
})

test('everything stops in reverse, what serves the others last, and models after those who use them', async () => {
  const { supervisor, last, until, reasons } = createStage([spec('a'), spec('talk', ['a'])])
  const order: string[] = []
  void supervisor.start()
  supervisor.find('a').heard()
  supervisor.find('talk').heard()
  const model = supervisor.add(spec('model', [], { kind: 'model' }))
  model.start()
  model.heard()
  for (const name of ['a', 'talk', 'model']) void last(name).exited.then(() => order.push(name))
  await supervisor.stop()
  assert.deepEqual(order, ['talk', 'a', 'model'])
  await until('a', 'stopped')
  assert.deepEqual(reasons['a'], ['starting', 'running', 'stopping', 'stopped'])
})

test('who is called ends after its callers, also where they can start without it', async () => {
  const talk = spec('talk', [], { speaks: ['talk', 'memory'] })
  const round = [spec('x', [], { speaks: ['y'] }), spec('y', [], { speaks: ['x'] })]
  const { supervisor, last } = createStage([spec('memory', [], { speaks: ['memory'] }), talk, ...round])
  const order: string[] = []
  const names = ['memory', 'talk', 'x', 'y']
  void supervisor.start()
  for (const name of names) supervisor.find(name).heard()
  for (const name of names) void last(name).exited.then(() => order.push(name))
  await supervisor.stop()
  assert.deepEqual(order, ['talk', 'memory', 'x', 'y'])
})

test('a service that dies comes back, and says how often and why', async () => {
  const { supervisor, last, until } = createStage([spec('a')])
  await Promise.all([supervisor.start(), supervisor.find('a').heard()])
  last('a').die({ signal: 'SIGKILL' })
  await until('a', 'backoff')
  assert.match(supervisor.find('a').standing().reason, /1 ended by SIGKILL/)
  await until('a', 'starting')
  supervisor.find('a').heard()
  const { state, restarts, process } = supervisor.find('a').standing()
  assert.deepEqual([state, restarts, process?.pid], ['running', 1, 2])
})

test('one that says that it cannot start is not tried again, and what needs it waits', async () => {
  const { supervisor, launched, last, stateOf } = createStage([spec('a'), spec('talk', ['a'])])
  const started = supervisor.start()
  last('a').die({ code: 9 })
  await started
  assert.equal(launched.length, 1)
  assert.deepEqual([stateOf('a'), stateOf('talk')], ['failed', 'waiting'])
  assert.match(supervisor.find('a').standing().reason, /PORT_BUSY/)
  await assert.rejects(supervisor.find('a').running(), { code: 'SERVICE_FAILED' })
  supervisor.find('a').start()
  supervisor.find('a').heard()
  assert.equal(stateOf('talk'), 'starting')
})

test('a code that was worded for a start means no failure for one that ran', async () => {
  const { supervisor, last, until } = createStage([spec('a')])
  await Promise.all([supervisor.start(), supervisor.find('a').heard()])
  last('a').die({ code: 9 })
  await until('a', 'starting')
})

test('starts that come to nothing are given up', async () => {
  const { supervisor, launched, last } = createStage([spec('a')])
  const started = supervisor.start()
  while (launched.length < RESTART_DEFAULT.failedStartsMax) {
    last('a').die({ code: 1 })
    await new Promise(setImmediate)
  }
  last('a').die({ code: 1 })
  await started
  assert.match(supervisor.find('a').standing().reason, /died too often/)
})

test('one that falls silent is ended by force, and started again', async () => {
  const { supervisor, last, until } = createStage([spec('a', [], { stopMs: 1 })], ['a'])
  const keeper = supervisor.find('a')
  await Promise.all([supervisor.start(), keeper.heard()])
  const hung = last('a')
  for (let beat = 0; beat < LIMITS.missedBeatsMax; beat += 1) keeper.tick()
  keeper.heard()
  for (let beat = 0; beat < LIMITS.missedBeatsMax; beat += 1) keeper.tick()
  assert.deepEqual(hung.asked, [])
  keeper.tick()
  await until('a', 'backoff')
  assert.deepEqual(hung.asked, ['end', 'kill'])
  assert.match(keeper.standing().reason, /silent for 3 s/)
})

test('one that is not ready in time is ended, and that is a failed start', async () => {
  const { supervisor, launched } = createStage([spec('a', [], { readyMs: 1 })])
  await supervisor.start()
  assert.equal(launched.length, RESTART_DEFAULT.failedStartsMax)
  assert.match(supervisor.find('a').standing().reason, /not ready within/)
})

test('a stop during the pause before a restart is a stop', async () => {
  const { supervisor, launched, last, until, stateOf } = createStage([spec('a')])
  await Promise.all([supervisor.start(), supervisor.find('a').heard()])
  last('a').die({ code: 1 })
  await until('a', 'backoff')
  await supervisor.stop()
  assert.equal(stateOf('a'), 'stopped')
  assert.equal(launched.length, 1)
})

test('a model is started once, used again, and forgotten when it is stopped', async () => {
  const { supervisor, launched } = createStage([])
  const model = spec('model-a', [], { kind: 'model' })
  for (const keeper of [supervisor.add(model), supervisor.add(model)]) keeper.start()
  assert.equal(launched.length, 1)
  await supervisor.remove('model-a')
  assert.throws(() => supervisor.find('model-a'), { code: 'SERVICE_UNKNOWN' })
})

test('models leave seats on the bus for the services and the command line', async () => {
  const { supervisor } = createStage([spec('inference')])
  const added = Array.from({ length: 16 }, (_, index) => supervisor.add(spec(`model-${index}`)))
  assert.throws(() => supervisor.add(spec('model-16')), { code: 'SERVICE_FAILED', message: /16 models/ })
  assert.equal(supervisor.add(spec('model-3')), added[3])
  await supervisor.remove('model-3')
  supervisor.add(spec('model-16'))
})

test('nobody takes a service away as if it were a model, or starts a model under its name', async () => {
  const { supervisor, launched } = createStage([spec('alethia')])
  void supervisor.start()
  await assert.rejects(supervisor.remove('alethia'), { code: 'SERVICE_UNKNOWN' })
  assert.throws(() => supervisor.add(spec('alethia', [], { kind: 'model' })), { code: 'SERVICE_FAILED' })
  const model = supervisor.add(spec('model-a', [], { kind: 'model' }))
  model.start()
  await supervisor.remove('model-a')
  assert.deepEqual(
    launched.map(({ name, asked }) => [name, asked]),
    [
      ['alethia', []],
      ['model-a', ['end']],
    ],
  )
  await supervisor.stop()
})
