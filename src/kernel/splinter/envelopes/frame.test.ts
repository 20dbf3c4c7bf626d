import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  createEnvelope,
  type Envelope,
  envelopeSchema,
  plainEnvelope,
  RunaError,
  WrittenJson,
} from '#protocol'
import { createFrameDecoder } from './frame-decoder.ts'
import { createFrameEncoder } from './frame-encoder.ts'

const encoder = createFrameEncoder()
const decodeFrame = (frame: Uint8Array) => createFrameDecoder().decode(frame)
const nameOf = (lengthMin: number) =>
  fc.string({ minLength: lengthMin, maxLength: 128, unit: 'binary' }).filter((name) => name.length <= 128)
const uuid = fc.uuid()

const fields = {
  id: uuid,
  sentAt: fc.maxSafeNat(),
  timeToLiveMs: fc.maxSafeNat().map((ms) => Math.max(1, ms)),
  from: nameOf(1),
  to: nameOf(1),
  type: fc.constantFrom(...envelopeSchema.shape.type.options),
  operation: nameOf(0),
  trace: uuid,
  call: uuid,
  sequence: fc.nat({ max: 2 ** 32 - 1 }),
  last: fc.boolean(),
  payload: fc.oneof(
    fc.constant(undefined),
    fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 300 }),
  ),
}
const envelopes: fc.Arbitrary<Envelope> = fc.record(fields, { noNullPrototype: true })

test('an envelope comes back as it was', () => {
  fc.assert(
    fc.property(envelopes, (envelope) => {
      assert.deepEqual(plainEnvelope(decodeFrame(encoder.encode(envelope))), envelope)
    }),
  )
})

test('bytes that were changed or cut are a coded error or a valid envelope', () => {
  const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 })
  fc.assert(
    fc.property(envelopes, edits, fc.nat(600), (envelope, changes, length) => {
      const frame = Uint8Array.from(encoder.encode(envelope))
      for (const [at, byte] of changes) if (at < frame.length) frame[at] = byte
      for (const bytes of [frame, frame.subarray(0, length)]) assertDecodesOrRefuses(bytes)
    }),
  )
})

test('any bytes at all are a coded error or a valid envelope', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), assertDecodesOrRefuses))
})

function assertDecodesOrRefuses(bytes: Uint8Array): void {
  try {
    envelopeSchema.parse(plainEnvelope(decodeFrame(bytes)))
  } catch (error) {
    assert.ok(error instanceof RunaError && error.code === 'ENVELOPE_CORRUPT', String(error))
  }
}

test('a mebibyte of payload fits, and one byte more is refused', () => {
  const event = { from: 'a', to: 'b', type: 'event' } as const
  const largest = createEnvelope({ ...event, payload: new Uint8Array(2 ** 20).fill(7) })
  assert.deepEqual(plainEnvelope(decodeFrame(encoder.encode(largest))), plainEnvelope(largest))
  const tooLarge = createEnvelope({ ...event, payload: new Uint8Array(2 ** 20 + 1) })
  assert.throws(() => encoder.encode(tooLarge), { code: 'BAD_INPUT' })
  assert.throws(() => encoder.encode(createEnvelope({ ...event, payload: 1n })), { code: 'BAD_INPUT' })
})

test('what was decoded does not change when its bytes do', () => {
  const envelope = createEnvelope({ from: 'a', to: 'b', type: 'event', payload: new Uint8Array([1, 2]) })
  const frame = Uint8Array.from(encoder.encode(envelope))
  const decoded = decodeFrame(frame)
  frame.fill(0)
  assert.deepEqual(plainEnvelope(decoded), plainEnvelope(envelope))
})

test('a list of items comes back as it was, and one of another length is damaged', () => {
  const items = { from: 'a', to: 'b', type: 'response', last: false, sequence: 7 } as const
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 }), fc.nat(30), (list, said) => {
      const payload = new WrittenJson(JSON.stringify(list))
      const frame = Uint8Array.from(encoder.encode(createEnvelope({ ...items, items: said, payload })))
      if (said > 0 && said !== list.length) {
        assert.throws(() => decodeFrame(frame), { code: 'ENVELOPE_CORRUPT' })
      } else {
        const decoded = decodeFrame(frame)
        assert.deepEqual(decoded.payload, JSON.parse(payload.text))
        assert.equal(decoded.items, said === 0 ? undefined : said)
      }
    }),
  )
})

test('a copy by spreading, which lacks the identities, is refused', () => {
  const made: Envelope = createEnvelope({ from: 'a', to: 'b', type: 'event' })
  assert.throws(() => encoder.encode({ ...made }), { code: 'BAD_INPUT' })
})
