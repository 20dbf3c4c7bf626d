import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createKey, MESSAGE_SEAL_BYTES } from '#kernel/seal'
import { createEnvelope, createUuidV7, type Envelope, plainEnvelope, RunaError } from '#protocol'
import { createProtection, describePrivacy, type Seals } from '../segment/privacy.ts'
import { createFrameDecoder } from './frame-decoder.ts'
import { createFrameEncoder } from './frame-encoder.ts'
import type { FrameSeals } from './frame-format.ts'
import { createRepeats } from './repeats.ts'

const [tieto, alethia, secret] = [createKey(), createKey(), createKey()]
const words = new Map([
  ['tieto', tieto],
  ['alethia', alethia],
])
const protectionOf = (seals: Seals, given: ReadonlyMap<string, Uint8Array> = words) =>
  createProtection('/bus', describePrivacy(seals, 'plain', secret), {
    words: seals === 'nothing' ? undefined : given,
    secret: seals === 'everything' ? secret : undefined,
  })
const sealing = protectionOf('words')

const query = (payload: unknown): Envelope =>
  plainEnvelope(
    createEnvelope({ from: 'cli', to: 'tieto', type: 'query', operation: 'search', words: 'tieto', payload }),
  )

const decodeFrame = (frame: Uint8Array, seals?: FrameSeals) => createFrameDecoder(seals).decode(frame)
const decode = (frame: Uint8Array, seals?: FrameSeals) => plainEnvelope(decodeFrame(frame, seals))

const payloads = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
  fc.uint8Array({ maxLength: 200 }),
)

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    if (error instanceof RunaError) return error.code
    throw error
  }
}

test('words come back from a sealed frame, and stand nowhere in it', () => {
  for (const seals of ['words', 'everything'] as const) {
    const protection = protectionOf(seals)
    const encoder = createFrameEncoder(protection)
    fc.assert(
      fc.property(payloads, fc.nat(2 ** 30), (payload, receiver) => {
        const { words: name, ...envelope } = query(payload)
        const frame = encoder.encode({ ...envelope, words: name }, receiver)
        const expected = seals === 'words' ? { ...envelope, words: name } : envelope
        assert.deepEqual(decode(frame, protection), expected)
      }),
    )
    const sentence = 'the heron at the mill pond'
    const frame = Buffer.from(encoder.encode(query({ text: sentence })))
    assert.ok(!frame.includes(sentence) && frame.includes('search'))
    assert.notDeepEqual(
      Buffer.from(encoder.encode(query({ text: sentence }))).subarray(-16),
      frame.subarray(-16),
    )
  }
})

test('a sealed frame in which any one bit was changed is not read', () => {
  for (const seals of ['words', 'everything'] as const) {
    const protection = protectionOf(seals)
    const frame = Uint8Array.from(createFrameEncoder(protection).encode(query({ text: 'private' }), 257))
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const changed = Uint8Array.from(frame)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.notEqual(
        codeOf(() => decodeFrame(changed, protection)),
        'none',
        `bit ${bit}`,
      )
    }
  }
})

test('a sealed payload cannot be moved to another call, name, operation, order or receiver', () => {
  const encoder = createFrameEncoder(sealing)
  const original = query({ text: 'private' })
  const moves: Partial<Envelope>[] = [
    { call: createUuidV7() },
    { id: createUuidV7() },
    { trace: createUuidV7() },
    { from: 'eve' },
    { to: 'inference' },
    { operation: 'remove' },
    { type: 'response' },
    { sequence: 1 },
    { last: false },
    { items: 2 },
    { sentAt: original.sentAt + 1 },
    { timeToLiveMs: original.timeToLiveMs * 2 },
    { words: 'alethia' },
  ]
  const sealedPart = Uint8Array.from(encoder.encode(original, 1)).subarray(-MESSAGE_SEAL_BYTES - 18)
  const withSeal = (envelope: Envelope, receiver: number) => {
    const frame = Uint8Array.from(encoder.encode(envelope, receiver))
    frame.set(sealedPart, frame.length - sealedPart.length)
    return frame
  }
  assert.deepEqual(decode(withSeal(original, 1), sealing), original)
  for (const move of moves) {
    assert.throws(() => decodeFrame(withSeal({ ...original, ...move }, 1), sealing), { code: 'SEAL_BROKEN' })
  }
  assert.throws(() => decodeFrame(withSeal(original, 2), sealing), { code: 'SEAL_BROKEN' })
})

test('without the key words are neither sent nor read, and what holds none is', () => {
  const keyless = protectionOf('words', new Map())
  assert.throws(() => createFrameEncoder(keyless).encode(query('private')), { code: 'BUS_KEY_MISSING' })
  const sealed = Uint8Array.from(createFrameEncoder(sealing).encode(query('private')))
  assert.throws(() => decodeFrame(sealed, keyless), { code: 'BUS_KEY_MISSING' })
  const stranger = protectionOf('words', new Map([['tieto', createKey()]]))
  assert.throws(() => decodeFrame(sealed, stranger), { code: 'SEAL_BROKEN' })
  const { words: _, ...clear } = query({ count: 1 })
  assert.deepEqual(decode(createFrameEncoder(keyless).encode(clear), sealing), clear)
})

test('where everything is sealed nothing is read that is not, and nothing sealed where nothing is', () => {
  const { words: _, ...clear } = query({ count: 1 })
  const everything = protectionOf('everything')
  assert.throws(() => decodeFrame(createFrameEncoder().encode(clear), everything), {
    code: 'ENVELOPE_CORRUPT',
  })
  const sealed = createFrameEncoder(everything).encode(clear)
  for (const other of [protectionOf('nothing'), sealing]) {
    assert.throws(() => decodeFrame(sealed, other), { code: 'ENVELOPE_CORRUPT' })
  }
  assert.deepEqual(
    decode(createFrameEncoder(protectionOf('nothing')).encode({ ...clear, words: 'tieto' })),
    clear,
  )
})

test('any bytes at all are a coded error or a valid envelope, also to who has keys', () => {
  const codes = ['none', 'ENVELOPE_CORRUPT', 'SEAL_BROKEN', 'BUS_KEY_MISSING']
  const frame = Uint8Array.from(createFrameEncoder(sealing).encode(query({ text: 'private' })))
  const edits = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 })
  fc.assert(
    fc.property(edits, fc.nat(300), (changes, length) => {
      const changed = Uint8Array.from(frame)
      for (const [at, byte] of changes) if (at < changed.length) changed[at] = byte
      for (const bytes of [changed, changed.subarray(0, length)]) {
        assert.ok(codes.includes(codeOf(() => decodeFrame(bytes, sealing))))
      }
    }),
  )
})

test('the largest payload fits with its seal', () => {
  const largest = query(new Uint8Array(2 ** 20).fill(7))
  assert.deepEqual(decode(createFrameEncoder(sealing).encode(largest), sealing), largest)
})

test('a call that comes twice is known, however many came between, and a clock put back refuses nobody', () => {
  const isRepeated = createRepeats(0, 3)
  const at = (sentAt: number) => createEnvelope({ from: 'a', to: 'b', type: 'query', sentAt })
  const queries = [1, 2, 2, 4, 5].map(at)
  for (const each of queries) assert.ok(!isRepeated(each, 6))
  for (const each of queries) assert.ok(isRepeated(each, 6))
  assert.ok(!isRepeated(at(6), 6))
  // The hour was put back: what was forgotten is now ahead of the clock.
  assert.ok(!isRepeated(at(0), 1))
})

test('a call from before this life is refused like one that came twice', () => {
  const isRepeated = createRepeats(10)
  const at = (sentAt: number) => createEnvelope({ from: 'a', to: 'b', type: 'query', sentAt })
  assert.ok(isRepeated(at(9), 12))
  assert.ok(!isRepeated(at(10), 12))
  assert.ok(!isRepeated(at(5), 6), 'the clock was put back')
})
