import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { decrypt, encrypt } from './gcm.ts'
import { createKey, deriveKey, hkdf, hmac, mac, sameBytes } from './keys.ts'
import { open, openSecret, SEAL_BYTES, seal, unwrapKey, wrapKey } from './seal.ts'
import { wipe } from './secret-memory.ts'
import { createOpener, createSealer, SEALS_PER_KEY_MAX } from './sequence.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const bytes = fc.uint8Array({ maxLength: 200 })
const isBroken = (error: unknown) => error instanceof RunaError && error.code === 'SEAL_BROKEN'

// Test cases 13, 14 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", which NIST adopted.
const GCM_VECTORS = [
  ['00'.repeat(32), '00'.repeat(12), '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
  [
    '00'.repeat(32),
    '00'.repeat(12),
    '00'.repeat(16),
    '',
    'cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919',
  ],
  [
    'feffe9928665731c6d6a8f9467308308'.repeat(2),
    'cafebabefacedbaddecaf888',
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
      '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
      '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b',
  ],
] as const

test('AES-256-GCM gives what its authors published', () => {
  for (const [key, nonce, plaintext, context, sealed] of GCM_VECTORS) {
    const made = encrypt(hex(key), hex(nonce), hex(plaintext), hex(context))
    assert.deepEqual(made, hex(sealed))
    assert.deepEqual(decrypt(hex(key), hex(nonce), made, hex(context)), hex(plaintext))
  }
})

test('HKDF and HMAC give what RFC 5869 and RFC 4231 say', () => {
  const okm = '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'
  const made = hkdf(hex('0b'.repeat(22)), hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'), 42)
  assert.deepEqual(made, hex(okm))
  assert.deepEqual(
    hmac(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?')),
    hex('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
  )
})

test('what is sealed opens again, and only there', () => {
  const key = createKey()
  fc.assert(
    fc.property(bytes, fc.string(), fc.string(), (plaintext, context, other) => {
      const sealed = seal(key, plaintext, context)
      assert.equal(sealed.length, plaintext.length + SEAL_BYTES)
      assert.deepEqual(open(key, sealed, context), Buffer.from(plaintext))
      assert.throws(() => open(createKey(), sealed, context), isBroken)
      if (other !== context) assert.throws(() => open(key, sealed, other), isBroken)
    }),
  )
})

test('any flipped bit is refused, and so is anything cut', () => {
  const key = createKey()
  const sealed = seal(key, Buffer.from('a sentence that nobody else should read'), 'test')
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = Buffer.from(sealed)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.throws(() => open(key, flipped, 'test'), isBroken, `bit ${bit}`)
  }
  for (let length = 0; length < sealed.length; length += 1) {
    assert.throws(() => open(key, sealed.subarray(0, length), 'test'), isBroken, `${length} bytes`)
  }
  fc.assert(fc.property(bytes, (noise) => assert.throws(() => open(key, noise, 'test'), isBroken)))
})

test('no nonce comes twice', () => {
  const key = createKey()
  const nonces = new Set<string>()
  for (let count = 0; count < 20_000; count += 1) {
    nonces.add(seal(key, Buffer.alloc(0), '').subarray(1, 13).toString('hex'))
  }
  assert.equal(nonces.size, 20_000)
})

test('a wrapped key is no text, and a text is no key', () => {
  const [wrapping, key] = [createKey(), createKey()]
  assert.deepEqual(unwrapKey(wrapping, wrapKey(wrapping, key, 'day'), 'day'), key)
  assert.throws(() => unwrapKey(wrapping, wrapKey(wrapping, key, 'day'), 'night'), isBroken)
  assert.throws(() => open(wrapping, wrapKey(wrapping, key, 'day'), 'day'), isBroken)
  assert.throws(() => unwrapKey(wrapping, seal(wrapping, key, 'day'), 'day'), isBroken)
  assert.throws(() => unwrapKey(wrapping, seal(wrapping, Buffer.from('short'), 'key day'), 'day'), isBroken)
  assert.throws(() => wrapKey(wrapping, key.subarray(1), 'day'), TypeError)
})

test('derived keys differ by purpose, by salt and by origin', () => {
  const key = createKey()
  const derived = [
    deriveKey(key, 'log'),
    deriveKey(key, 'index'),
    deriveKey(key, 'log', Buffer.from('salt')),
    deriveKey(createKey(), 'log'),
    key,
  ].map((bytes) => bytes.toString('hex'))
  assert.equal(new Set(derived).size, derived.length)
  assert.deepEqual(deriveKey(key, 'log'), deriveKey(key, 'log'))
  assert.throws(() => deriveKey(key, ''), TypeError)
})

test('a MAC tells apart where its parts begin', () => {
  const key = createKey()
  assert.ok(sameBytes(mac(key, 'ab', 'c'), mac(key, Buffer.from('ab'), 'c')))
  assert.ok(!sameBytes(mac(key, 'ab', 'c'), mac(key, 'a', 'bc')))
  assert.ok(!sameBytes(mac(key, 'abc'), mac(createKey(), 'abc')))
  assert.ok(!sameBytes(Buffer.from('a'), Buffer.from('ab')))
})

test('a wiped key is zero', () => {
  const key = createKey()
  wipe(key)
  assert.deepEqual(key, Buffer.alloc(32))
})

test('a talk takes what was sealed in order, once, and ends at the first breach', () => {
  const key = createKey()
  const sealer = createSealer(key)
  const [one, two] = ['one', 'two'].map((word) => sealer.seal(Buffer.from(word), 'talk')) as [Buffer, Buffer]
  const opener = createOpener(key)
  assert.equal(opener.open(one, 'talk').toString(), 'one')
  assert.equal(opener.open(two, 'talk').toString(), 'two')
  for (const wrong of [[two], [one, one], [Buffer.concat([one, two])], [one.subarray(1)]]) {
    const strict = createOpener(key)
    assert.throws(() => {
      for (const sealed of wrong) strict.open(sealed, 'talk')
    }, isBroken)
    assert.throws(() => strict.open(two, 'talk'), isBroken)
  }
})

test('a talk ends when its key is used up', () => {
  const key = createKey()
  const sealer = createSealer(key, SEALS_PER_KEY_MAX - 1)
  const opener = createOpener(key, SEALS_PER_KEY_MAX - 1)
  assert.equal(opener.open(sealer.seal(Buffer.from('last'), ''), '').toString(), 'last')
  assert.throws(() => sealer.seal(Buffer.from('one more'), ''), isBroken)
})

test('what is opened into guarded memory is the same, and refused for the same reasons', () => {
  const bytes = fc.uint8Array({ maxLength: 500 })
  fc.assert(
    fc.property(bytes, bytes, fc.nat(), (plaintext, context, chance) => {
      const key = createKey()
      const sealed = seal(key, plaintext, context)
      const opened = openSecret(key, sealed, context)
      assert.deepEqual(opened, Buffer.from(plaintext))
      wipe(opened)
      const changed = Buffer.from(sealed)
      const at = chance % changed.length
      changed[at] = (changed[at] ?? 0) ^ (1 << (chance % 8))
      assert.throws(() => openSecret(key, changed, context), { code: 'SEAL_BROKEN' })
      assert.throws(() => openSecret(key, sealed.subarray(0, at), context), { code: 'SEAL_BROKEN' })
      assert.throws(() => openSecret(createKey(), sealed, context), { code: 'SEAL_BROKEN' })
    }),
  )
  const key = createKey()
  const large = Buffer.alloc(3 * 2 ** 20, 7)
  assert.ok(openSecret(key, seal(key, large, ''), '').equals(large))
})
