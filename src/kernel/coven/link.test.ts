import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RunaError } from '#protocol'
import { HELLO_BYTES } from './hello.ts'
import { createLink, FRAME_BYTES_MAX, type Link, type LinkOptions, MESSAGE_BYTES_MAX } from './link.ts'

const LAUNCH_KEY = randomBytes(32)
const COVEN = { pid: 4_000, startTicks: 17 }
const GILGUL = { pid: 4_001, startTicks: 2 ** 40 + 3 }

function createCovenEnd(changes: Partial<LinkOptions> = {}): Link {
  return createLink({ role: 'coven', launchKey: LAUNCH_KEY, own: COVEN, peer: GILGUL, ...changes })
}

function createGilgulEnd(changes: Partial<LinkOptions> = {}): Link {
  return createLink({ role: 'gilgul', launchKey: LAUNCH_KEY, own: GILGUL, peer: COVEN, ...changes })
}

interface Pair {
  readonly coven: Link
  readonly gilgul: Link
  /** Everything that was said until both were open, in order. */
  readonly said: readonly Buffer[]
}

function openPair(coven: Link = createCovenEnd(), gilgul: Link = createGilgulEnd()): Pair {
  const hello = gilgul.opening
  const answer = coven.receive(hello).reply
  const proof = gilgul.receive(answer).reply
  coven.receive(proof)
  return { coven, gilgul, said: [hello, answer, proof] }
}

function flip(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes)
  const at = Math.floor(bit / 8) % flipped.length
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8))
  return flipped
}

const REFUSED = { code: 'COVEN_REFUSED' }
const BROKEN = { code: 'COVEN_LINK_BROKEN' }

test('two ends that share a launch key open, and what either says arrives, in order and in any pieces', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 8 })
  fc.assert(
    fc.property(messages, messages, fc.integer({ min: 1, max: 97 }), (toGilgul, toCoven, pieceBytes) => {
      const { coven, gilgul } = openPair()
      for (const [from, to, said] of [
        [coven, gilgul, toGilgul],
        [gilgul, coven, toCoven],
      ] as const) {
        const bytes = Buffer.concat(said.map((message) => from.say(message)))
        const heard: Buffer[] = []
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          heard.push(...to.receive(bytes.subarray(at, at + pieceBytes)).messages)
        }
        assert.deepEqual(
          heard.map((message) => [...message]),
          said.map((message) => [...message]),
        )
      }
    }),
    { numRuns: 50 },
  )
})

test('the largest message passes, one byte more is refused and leaves the link open', () => {
  const { coven, gilgul } = openPair()
  assert.throws(() => coven.say(Buffer.alloc(MESSAGE_BYTES_MAX + 1)), { code: 'BAD_INPUT' })
  const { messages } = gilgul.receive(coven.say(Buffer.alloc(MESSAGE_BYTES_MAX, 7)))
  assert.equal(messages[0]?.length, MESSAGE_BYTES_MAX)
})

test('no flipped bit of the proving is accepted, by whichever side hears it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 }), fc.nat(8 * (HELLO_BYTES + 40)), (which, bit) => {
      const [coven, gilgul] = [createCovenEnd(), createGilgulEnd()]
      const deliver = (index: number, bytes: Buffer) => (index === which ? flip(bytes, bit) : bytes)
      assert.throws(() => {
        const answer = coven.receive(deliver(0, gilgul.opening)).reply
        const { reply } = gilgul.receive(deliver(1, answer))
        coven.receive(deliver(2, reply))
        // A hello that claims to be shorter than it is leaves coven waiting for ever, and open to nobody.
        if (coven.state() === 'proving') throw new RunaError('COVEN_REFUSED')
      }, REFUSED)
      assert.notEqual(coven.state(), 'open')
    }),
    { numRuns: 300 },
  )
})

test('another launch key is refused by gilgul, before it has shown anything', () => {
  const coven = createCovenEnd({ launchKey: randomBytes(32) })
  const gilgul = createGilgulEnd()
  const { reply } = coven.receive(gilgul.opening)
  assert.throws(() => gilgul.receive(reply), REFUSED)
  assert.equal(gilgul.state(), 'closed')
})

test('another launch key is refused by coven as well, where the other end does not care', () => {
  const { said } = openPair()
  const coven = createCovenEnd()
  coven.receive(createGilgulEnd({ launchKey: randomBytes(32) }).opening)
  assert.throws(() => coven.receive(said[2] as Buffer), REFUSED)
})

test('a process of another number or start time is refused', () => {
  for (const own of [
    { ...GILGUL, pid: 4_002 },
    { ...GILGUL, startTicks: 18 },
  ]) {
    assert.throws(() => createCovenEnd().receive(createGilgulEnd({ own }).opening), REFUSED)
  }
  const { reply } = createCovenEnd({ own: { ...COVEN, startTicks: 18 } }).receive(createGilgulEnd().opening)
  assert.throws(() => createGilgulEnd().receive(reply), REFUSED)
})

test('a process that may not be trusted at that moment gets no proof', () => {
  const traced = () => {
    throw new RunaError('COVEN_REFUSED', 'traced')
  }
  assert.throws(() => createCovenEnd({ inspectPeer: traced }).receive(createGilgulEnd().opening), REFUSED)
})

test('a recorded handshake opens nothing, and an end does not take its own words for the other', () => {
  const { said } = openPair()
  const coven = createCovenEnd()
  coven.receive(said[0] as Buffer)
  assert.throws(() => coven.receive(said[2] as Buffer), REFUSED)
  assert.throws(() => createGilgulEnd().receive(said[1] as Buffer), REFUSED)
  const gilgul = createGilgulEnd({ peer: GILGUL })
  assert.throws(() => gilgul.receive(gilgul.opening), REFUSED)
})

test('a public key that makes the agreement known to everybody is refused', () => {
  const hello = Buffer.from(createGilgulEnd().opening)
  hello.fill(0, hello.length - 32)
  assert.throws(() => createCovenEnd().receive(hello), REFUSED)
})

test('a frame that was changed, repeated, swapped or left out closes the link for good', () => {
  const wrongs: Record<string, (frames: readonly Buffer[], bit: number) => readonly (Buffer | undefined)[]> =
    {
      flipped: ([first], bit) => [flip(first as Buffer, bit)],
      repeated: ([first]) => [first, first],
      swapped: ([first, second]) => [second, first],
      'left out': ([first, , third]) => [first, third],
      'of another session': () => [openPair().coven.say(Buffer.from('one'))],
      'sent back': () => [],
    }
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(wrongs)), fc.nat(400), (kind, bit) => {
      const { coven, gilgul } = openPair()
      const frames = ['one', 'two', 'three'].map((word) => coven.say(Buffer.from(word)))
      const delivered = kind === 'sent back' ? [gilgul.say(Buffer.from('one'))] : wrongs[kind]?.(frames, bit)
      const genuine = new Set<Buffer | undefined>(kind === 'sent back' ? [] : frames.slice(0, 1))
      const accepted: string[] = []
      try {
        for (const frame of delivered ?? []) {
          const { messages } = gilgul.receive(frame as Buffer)
          accepted.push(...messages.map(String))
          // A length that was made larger asks for bytes that never come: the next ones are then taken for its own.
          if (!genuine.has(frame)) gilgul.receive(Buffer.alloc(FRAME_BYTES_MAX + 8))
        }
        assert.fail('nothing was refused')
      } catch (error) {
        assert.equal((error as RunaError).code, 'COVEN_LINK_BROKEN', String(error))
      }
      assert.ok(accepted.length <= 1 && accepted.every((message) => message === 'one'))
      assert.equal(gilgul.state(), 'closed')
      assert.throws(() => gilgul.receive(coven.say(Buffer.from('four'))), BROKEN)
      assert.throws(() => gilgul.say(Buffer.from('five')), BROKEN)
    }),
    { numRuns: 200 },
  )
})

test('a length beyond the limit is refused before its bytes arrive', () => {
  const tooLong = Buffer.alloc(4)
  tooLong.writeUInt32LE(FRAME_BYTES_MAX + 1)
  assert.throws(() => openPair().coven.receive(tooLong), BROKEN)
  tooLong.writeUInt32LE(HELLO_BYTES + 1)
  assert.throws(() => createCovenEnd().receive(tooLong), REFUSED)
})

test('nothing is said before both have proven who they are, nor after the end', () => {
  assert.throws(() => createCovenEnd().say(Buffer.from('early')), BROKEN)
  const { coven } = openPair()
  coven.close()
  assert.throws(() => coven.say(Buffer.from('late')), BROKEN)
})
