import { createOpener, createSealer, type Opener, type Sealer } from '#kernel/seal'
import { RunaError } from '#protocol'
import { createFrameReader, withLength } from './frame-reader.ts'
import { createProving, type ProvingOptions } from './proving.ts'

export type LinkOptions = ProvingOptions

interface Received {
  /** To be sent at once; empty where there is nothing to say. */
  readonly reply: Buffer
  /** What the other side said, in order. Whoever has used one wipes it. */
  readonly messages: readonly Buffer[]
}

/** One end of the link between coven and gilgul: bytes in, bytes out, no sockets and no clocks. */
export interface Link {
  /** What is sent before anything is received: gilgul speaks first. */
  readonly opening: Buffer
  state(): 'proving' | 'open' | 'closed'
  /**
   * Throws COVEN_REFUSED while both prove who they are, COVEN_LINK_BROKEN after that. Either way the link is closed for
   * good: on a private pair of sockets a wrong bit is no accident that one could read on behind.
   */
  receive(bytes: Uint8Array): Received
  /** The bytes that say `message`. Throws COVEN_LINK_BROKEN unless the link is open, BAD_INPUT for too long a one. */
  say(message: Uint8Array): Buffer
  /** Wipes the keys. */
  close(): void
}

/** Of one message. The largest secret and what is said about it fit in. */
export const MESSAGE_BYTES_MAX = 128 * 1_024
/** A frame is the ciphertext of a message, and its tag; its place in the row is its nonce, and not sent. */
const TAG_BYTES = 16
export const FRAME_BYTES_MAX = MESSAGE_BYTES_MAX + TAG_BYTES

export function createLink(options: LinkOptions): Link {
  const reader = createFrameReader()
  const proving = createProving(options)
  let state: ReturnType<Link['state']> = 'proving'
  let sealer: Sealer | undefined
  let opener: Opener | undefined

  function prove(): Buffer | undefined {
    const step = proving.step(reader)
    if (step?.sending) {
      const isCoven = options.role === 'coven'
      sealer = createSealer(isCoven ? step.sending.coven : step.sending.gilgul)
      opener = createOpener(isCoven ? step.sending.gilgul : step.sending.coven)
      proving.end()
      state = 'open'
    }
    return step?.reply
  }

  function readOn(bytes: Uint8Array): Received {
    if (state === 'closed') throw notOpen()
    reader.add(bytes)
    const replies: Buffer[] = []
    while (state === 'proving') {
      const reply = prove()
      if (!reply) break
      replies.push(reply)
    }
    const messages: Buffer[] = []
    while (opener) {
      const frame = reader.next(TAG_BYTES, FRAME_BYTES_MAX)
      if (!frame) break
      messages.push(opener.open(frame, ''))
    }
    return { reply: Buffer.concat(replies), messages }
  }

  function close(): void {
    state = 'closed'
    proving.end()
    sealer?.end()
    opener?.end()
  }

  return {
    opening: proving.opening,
    state: () => state,
    receive(bytes) {
      try {
        return readOn(bytes)
      } catch (cause) {
        const wasProving = state === 'proving'
        close()
        throw wasProving ? refusal(cause) : breakage(cause)
      }
    },
    say(message) {
      if (state !== 'open' || !sealer) throw notOpen()
      if (message.length <= MESSAGE_BYTES_MAX) return withLength(sealer.seal(message, ''))
      throw new RunaError('BAD_INPUT', `A message to or from coven holds at most ${MESSAGE_BYTES_MAX} bytes.`)
    },
    close,
  }
}

function refusal(cause: unknown): RunaError {
  if (cause instanceof RunaError && cause.code === 'COVEN_REFUSED') return cause
  return new RunaError('COVEN_REFUSED', 'The other end did not prove who it is.', { cause })
}

function breakage(cause: unknown): RunaError {
  if (cause instanceof RunaError && cause.code === 'COVEN_LINK_BROKEN') return cause
  const message = 'A frame of the link was changed, repeated or out of turn; the link was closed.'
  return new RunaError('COVEN_LINK_BROKEN', message, { cause })
}

function notOpen(): RunaError {
  return new RunaError('COVEN_LINK_BROKEN', 'The link between coven and gilgul is not open.')
}
