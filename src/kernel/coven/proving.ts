import { randomBytes } from 'node:crypto'
import { keepSecret, sameBytes, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import { createEphemeral, deriveLinkKeys, type LinkKeys } from './agreement.ts'
import { type FrameReader, withLength } from './frame-reader.ts'
import { decodeHello, encodeHello, HELLO_BYTES, type ProcessIdentity, type Role } from './hello.ts'

const PROOF_BYTES = 32

export interface ProvingOptions {
  readonly role: Role
  /** What coven left in the bus for the process that it starts. Copied; the caller wipes its own. */
  readonly launchKey: Buffer
  readonly own: ProcessIdentity
  /** Who has to be at the other end. */
  readonly peer: ProcessIdentity
  /** Called before anything is proven or believed. Throws where the other process may not be trusted now. */
  readonly inspectPeer?: () => void
}

interface Step {
  readonly reply: Buffer
  /** Once both have proven who they are: what each seals with. */
  readonly sending?: LinkKeys['sending']
}

/** The part of a link in which both sides prove who they are. */
export interface Proving {
  readonly opening: Buffer
  /** Undefined where the other side has not said enough yet. Throws COVEN_REFUSED or what the crypto says. */
  step(reader: FrameReader): Step | undefined
  /** Wipes what it knows. */
  end(): void
}

/**
 * Three messages: gilgul's hello; coven's hello and proof; gilgul's proof. Diffie-Hellman with the identities under a
 * MAC, in the manner of SIGMA (Krawczyk, 2003); instead of signatures there is a key that only coven and the process
 * that it started have.
 */
export function createProving(options: ProvingOptions): Proving {
  const { role, own, peer } = options
  const other: Role = role === 'coven' ? 'gilgul' : 'coven'
  const launchKey = keepSecret(options.launchKey)
  const ephemeral = createEphemeral()
  const ownHello = encodeHello({
    ...{ role, pid: own.pid, startTicks: own.startTicks },
    ...{ nonce: randomBytes(32), publicKey: ephemeral.publicKey },
  })
  let keys: LinkKeys | undefined

  /** Derives the keys from the hello of the other side, which has to be the process that is expected. */
  function meet(frame: Buffer): LinkKeys {
    const bytes = Buffer.from(frame.subarray(0, HELLO_BYTES))
    const hello = decodeHello(bytes)
    if (hello?.role !== other) throw refused(`${other} did not greet as it should.`)
    if (hello.pid !== peer.pid || hello.startTicks !== peer.startTicks) {
      throw refused(`Process ${peer.pid} was expected at the other end, and process ${hello.pid} greeted.`)
    }
    options.inspectPeer?.()
    const hellos = role === 'coven' ? { coven: ownHello, gilgul: bytes } : { coven: bytes, gilgul: ownHello }
    const derived = deriveLinkKeys(ephemeral.agree(hello.publicKey), launchKey, hellos)
    wipe(launchKey)
    return derived
  }

  return {
    opening: role === 'gilgul' ? withLength(ownHello) : Buffer.alloc(0),
    step(reader) {
      const greets = role === 'coven' && !keys
      const expectedBytes = greets ? HELLO_BYTES : PROOF_BYTES + (role === 'gilgul' ? HELLO_BYTES : 0)
      const frame = reader.next(expectedBytes, expectedBytes)
      if (!frame) return undefined
      keys ??= meet(frame)
      if (greets) return { reply: withLength(Buffer.concat([ownHello, keys.proofs.coven])) }
      const given = frame.subarray(frame.length - PROOF_BYTES)
      if (!sameBytes(given, keys.proofs[other])) throw refused(`${other} has not the key of this launch.`)
      options.inspectPeer?.()
      const reply = role === 'gilgul' ? withLength(keys.proofs.gilgul) : Buffer.alloc(0)
      return { reply, sending: keys.sending }
    },
    end() {
      wipe(launchKey, ...Object.values(keys?.sending ?? {}))
    },
  }
}

function refused(message: string): RunaError {
  return new RunaError('COVEN_REFUSED', message)
}
