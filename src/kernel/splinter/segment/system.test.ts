import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuseUnfitSystem } from './system.ts'

test('a system without what the bus needs is refused with a code, and this one is fit', () => {
  const missing = () => {
    throw new Error('Cannot find the native Koffi module\nand more')
  }
  assert.throws(() => refuseUnfitSystem({ platform: 'win32', call: () => {} }), { code: 'SYSTEM_UNFIT' })
  assert.throws(() => refuseUnfitSystem({ platform: 'linux', call: missing }), {
    code: 'SYSTEM_UNFIT',
    message: /calls here: Cannot find the native Koffi module$/,
  })
  refuseUnfitSystem()
})
