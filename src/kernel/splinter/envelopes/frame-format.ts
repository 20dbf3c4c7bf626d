import { envelopeSchema, RunaError } from '#protocol'
import type { Protection } from '../segment/privacy.ts'

// An envelope in bytes. A fixed header first, so that routing looks at neither names nor payload:
//
//   0 mark  1 type  2 flags  3 -  4 sequence  8 sentAt  16 timeToLiveMs (64-bit floats)  24 payload length
//   28 stamp of the receiver  32 items, or 0  36 -  40 id  56 trace  72 call (16 bytes each)
//   88 names (frame-names.ts), payload
//
// A sealed payload is bound to all that stands before it: who changes a name, the order or the receiver breaks the seal.
export const MARK = 0xe8
export const TYPE = 1
export const FLAGS = 2
export const SEQUENCE = 4
export const SENT_AT = 8
export const TIME_TO_LIVE = 16
export const PAYLOAD_LENGTH = 24
export const RECEIVER = 28
export const ITEMS = 32
export const ID = 40
export const TRACE = 56
export const CALL = 72
export const NAMES = 88

export const LAST = 1
export const JSON_PAYLOAD = 2
export const BYTES_PAYLOAD = 4
export const SEALED = 8
/** Each byte of the text is a character: such a text is read and written much faster. */
export const ASCII = 16

export const TYPES = envelopeSchema.shape.type.options

/** As much of a bus's protection as its frames need. */
export type FrameSeals = Pick<Protection, 'seals' | 'sealFor'>
export const UNSEALED: FrameSeals = { seals: 'nothing', sealFor: () => undefined }

export function corrupt(what: string): RunaError {
  return new RunaError('ENVELOPE_CORRUPT', `An envelope was damaged on its way: ${what}.`)
}

/** Whether the payload of a frame is sealed. */
export function isSealed(frame: Uint8Array): boolean {
  return ((frame[FLAGS] ?? 0) & SEALED) !== 0
}
