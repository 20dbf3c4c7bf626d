import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { type Announcement, decodeAnnouncement, encodeAnnouncement } from './announcement-format.ts'

test('an announcement comes back with the value that it was made with', () => {
  const what = fc.constantFrom<Announcement['what']>(
    'evicted',
    'expired',
    'messages-expired',
    'messages-lost',
  )
  fc.assert(
    fc.property(what, fc.string({ maxLength: 96 }), fc.uint8Array(), (kind, key, content) => {
      const announcement = { what: kind, at: 1_700_000_000_000, key }
      const decoded = decodeAnnouncement(encodeAnnouncement(announcement, content))
      assert.deepEqual(decoded.announcement, announcement)
      assert.deepEqual(Buffer.from(decoded.value), Buffer.from(content))
    }),
  )
})

test('what is no announcement is refused with a code', () => {
  const withHead = (head: string) => {
    const message = Buffer.concat([Buffer.alloc(4), Buffer.from(head)])
    message.writeUInt32LE(Buffer.byteLength(head), 0)
    return message
  }
  for (const message of [Buffer.alloc(3), Buffer.alloc(8), withHead('{'), withHead('null'), withHead('{}')]) {
    assert.throws(() => decodeAnnouncement(message), { code: 'BAD_INPUT' })
  }
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        decodeAnnouncement(bytes)
      } catch (error) {
        assert.ok(error instanceof RunaError)
      }
    }),
  )
})
