import { attachBus } from '../bus.ts'

// Writes to a lasting bus until it is killed: each value is one number over and over, so that a torn one shows.
const [path = '', name = ''] = process.argv.slice(2)
const { store } = attachBus(path, { name })
const value = Buffer.alloc(20_000)
process.stdout.write('.')
for (let round = 0; ; round += 1) {
  const key = `key-${round % 7}`
  const length = (round * 977) % value.length
  value.fill(round & 0xff, 0, length)
  if (round % 11 === 3) store.delete(key)
  else store.set(key, value.subarray(0, length))
  store.add('rounds', 1n)
}
