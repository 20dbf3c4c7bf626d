import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '#kernel/config'
import { createKey } from '#kernel/seal'
import { privateBusPath } from '#kernel/service'
import { attachBus } from '#kernel/splinter'
import { SERVICES } from '../spec/service-table.ts'
import { createBuses, privateBusesOf } from './buses.ts'
import { createWords } from './words.ts'

const folder = mkdtempSync('/dev/shm/runa-buses-test-')
after(() => rmSync(folder, { recursive: true }))

function settings(sealed: boolean) {
  return parseConfig(`bus:\n  sealed: ${sealed}\n  sizeBytes: ${8 * 2 ** 20}\n`).bus
}

test('words are sealed on the bus of all, and alethia has one for those who speak to it', () => {
  const busPath = join(folder, 'sealed', 'bus')
  const words = createWords(createKey())
  createBuses(busPath, settings(true), words)
  const main = attachBus(busPath, { name: 'test' })
  const secret = words.keysOf(['alethia']).get('alethia')
  const own = attachBus(privateBusPath(busPath, 'alethia'), { name: 'test', secret })
  assert.deepEqual([main.seals, own.seals], ['words', 'everything'])
  assert.throws(() => own.store.list(), { code: 'BAD_INPUT' })
  for (const bus of [main, own]) bus.close()

  const told = SERVICES.filter((service) => {
    const variables = privateBusesOf(service, busPath, settings(true))
    const isTold = variables['RUNA_BUS_ALETHIA'] === privateBusPath(busPath, 'alethia')
    assert.equal(Object.keys(variables).length, isTold ? 1 : 0)
    return isTold
  })
  assert.deepEqual(
    told,
    SERVICES.filter(({ speaks }) => speaks.includes('alethia')),
  )
  assert.ok(told.length > 1 && told.length < SERVICES.length)
})

test('where the owner has switched it off, everybody meets in clear on one bus', () => {
  const busPath = join(folder, 'clear', 'bus')
  createBuses(busPath, settings(false), createWords(createKey()))
  const main = attachBus(busPath, { name: 'test' })
  assert.equal(main.seals, 'nothing')
  main.close()
  assert.ok(!existsSync(privateBusPath(busPath, 'alethia')))
  for (const service of SERVICES) assert.deepEqual(privateBusesOf(service, busPath, settings(false)), {})
})
