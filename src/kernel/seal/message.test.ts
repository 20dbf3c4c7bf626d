import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createKey } from './keys.ts'
import { createMessageSeal, MESSAGE_SEAL_BYTES, type MessageSeal } from './message.ts'

const CONTEXT = Buffer.from('a topic')
/** The part that says which key and nonce: 16 bytes of salt, 4 of count. */
const HEAD_BYTES = 20

function sealed(seal: MessageSeal, content: Uint8Array | string): Buffer {
  const into = Buffer.alloc(Buffer.byteLength(content) + MESSAGE_SEAL_BYTES)
  seal.sealInto(into, 0, content, CONTEXT)
  return into
}

test('what one sealer seals, another with the same key opens, wherever in its memory it lies', () => {
  const key = createKey()
  const [one, other] = [createMessageSeal(key), createMessageSeal(key)]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(40), (content, offset) => {
      const into = Buffer.alloc(offset + content.length + MESSAGE_SEAL_BYTES)
      one.sealInto(into, offset, content, CONTEXT)
      assert.deepEqual(other.open(into.subarray(offset), CONTEXT), Buffer.from(content))
      assert.deepEqual(one.open(into.subarray(offset), CONTEXT), Buffer.from(content))
    }),
  )
  assert.equal(other.open(sealed(one, 'håt'), CONTEXT).toString(), 'håt')
})

test('another key, another place, any changed bit and anything cut are refused', () => {
  const key = createKey()
  const seal = createMessageSeal(key)
  const message = sealed(seal, 'nobody else reads this')
  assert.throws(() => createMessageSeal(createKey()).open(message, CONTEXT), { code: 'SEAL_BROKEN' })
  assert.throws(() => seal.open(message, Buffer.from('another')), { code: 'SEAL_BROKEN' })
  for (let bit = 0; bit < message.length * 8; bit += 1) {
    const flipped = Buffer.from(message)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.throws(() => seal.open(flipped, CONTEXT), { code: 'SEAL_BROKEN' }, `bit ${bit}`)
  }
  for (let length = 0; length < message.length; length += 1) {
    assert.throws(() => seal.open(message.subarray(0, length), CONTEXT), { code: 'SEAL_BROKEN' })
  }
})

test('no key and nonce come twice, over many lives that share a key, and past the end of a salt', () => {
  const key = createKey()
  const heads = new Set<string>()
  for (let life = 0; life < 200; life += 1) {
    const seal = createMessageSeal(key, 7)
    for (let count = 0; count < 20; count += 1) {
      const message = sealed(seal, 'the same words')
      heads.add(message.toString('hex', 0, HEAD_BYTES))
      assert.equal(createMessageSeal(key).open(message, CONTEXT).toString(), 'the same words')
    }
  }
  assert.equal(heads.size, 200 * 20)
})

test('more sealers than are remembered are still opened', () => {
  const key = createKey()
  const opener = createMessageSeal(key)
  const messages = Array.from({ length: 600 }, (_, index) => sealed(createMessageSeal(key), `${index}`))
  for (const round of [0, 1]) {
    messages.forEach((message, index) => {
      assert.equal(opener.open(message, CONTEXT).toString(), `${index}`, `round ${round}`)
    })
  }
})
