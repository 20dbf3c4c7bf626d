import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rousing } from '#kernel/service'
import { tendSleepers } from './sleepers.ts'
import { createStage, spec } from './stage-fixture.ts'

/** Wishes, as the bus has them; `call` is what a caller does. */
function createWishes() {
  const counts = new Map<string, { wishes: bigint; known: bigint; mayWait: boolean }>()
  let tell: (service: string) => void = () => {}
  const of = (service: string) => {
    const count = counts.get(service) ?? { wishes: 0n, known: 0n, mayWait: false }
    counts.set(service, count)
    return count
  }
  const rousing: Rousing = {
    rouse(service) {
      if (!of(service).mayWait) return false
      of(service).wishes += 1n
      tell(service)
      return true
    },
    wishes: (service) => of(service).wishes,
    sleep(service, known) {
      of(service).known = known
    },
    isWanted: (service) => of(service).wishes > of(service).known,
    allow(service, mayWait) {
      of(service).mayWait = mayWait
    },
    watch(onWish) {
      tell = onWish
      return () => {}
    },
  }
  return rousing
}

const SLEEPY = { start: 'on-demand' } as const

function createSleepyStage() {
  const rousing = createWishes()
  const stage = createStage([spec('a', [], SLEEPY), spec('b', ['a'], SLEEPY), spec('talk', ['b'])])
  const sleepers = tendSleepers(stage.supervisor, rousing)
  const look = () => {
    for (const keeper of stage.supervisor.keepers()) sleepers.look(keeper)
  }
  look()
  return { ...stage, rousing, look }
}

test('one that sleeps is not started, and whoever needs it need not wait', async () => {
  const { supervisor, launched, stateOf } = createSleepyStage()
  const started = supervisor.start()
  supervisor.find('talk').heard()
  await started
  assert.deepEqual(
    launched.map(({ name }) => name),
    ['talk'],
  )
  assert.deepEqual([stateOf('a'), stateOf('b')], ['asleep', 'asleep'])
})

test('a call starts it, and the end that it comes to by itself is sleep, not death', async () => {
  const { supervisor, last, until, rousing, look } = createSleepyStage()
  void supervisor.start()
  assert.ok(rousing.rouse('a'))
  await until('a', 'starting')
  supervisor.find('a').heard()
  rousing.sleep('a', rousing.wishes('a'))
  last('a').die({ code: 0 })
  await until('a', 'asleep')
  const { restarts, ending, reason } = supervisor.find('a').standing()
  assert.deepEqual([restarts, ending], [0, undefined])
  assert.match(reason, /next call/)
  look()
  await new Promise(setImmediate)
  assert.equal(supervisor.find('a').standing().state, 'asleep')
})

test('one that was called while it fell asleep is started again at once', async () => {
  const { supervisor, launched, last, until, rousing, look } = createSleepyStage()
  void supervisor.start()
  rousing.rouse('a')
  supervisor.find('a').heard()
  rousing.sleep('a', rousing.wishes('a'))
  rousing.rouse('a')
  last('a').die({ code: 0 })
  await until('a', 'asleep')
  look()
  await until('a', 'starting')
  assert.equal(launched.filter(({ name }) => name === 'a').length, 2)
})

test('a death that is none of its own doing is mended as any, and one that is stopped is not waited for', async () => {
  const { supervisor, last, until, rousing, look } = createSleepyStage()
  void supervisor.start()
  rousing.rouse('a')
  supervisor.find('a').heard()
  last('a').die({ signal: 'SIGKILL' })
  await until('a', 'backoff')
  look()
  assert.ok(rousing.rouse('a'))
  await supervisor.find('b').stop()
  look()
  assert.ok(!rousing.rouse('b'))
})
