import { createHash, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { deriveKey, mac, moveSecret, wipe } from '#kernel/seal'
import type { Role } from './hello.ts'

/** What stands before the 32 bytes of an X25519 key in its DER form (RFC 8410). */
const KEY_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')
const LABEL = 'runa coven link 1'

export interface Ephemeral {
  readonly publicKey: Buffer
  /** The secret that both come to. Throws for a key that would make it known to everybody (all zeros). */
  agree(theirs: Buffer): Buffer
}

/** A key pair for one handshake: what is recorded today cannot be opened with anything that is stolen tomorrow. */
export function createEphemeral(): Ephemeral {
  const own = generateKeyPairSync('x25519')
  return {
    publicKey: own.publicKey.export({ type: 'spki', format: 'der' }).subarray(KEY_PREFIX.length),
    agree(theirs) {
      const key = Buffer.concat([KEY_PREFIX, theirs])
      const publicKey = createPublicKey({ key, type: 'spki', format: 'der' })
      return diffieHellman({ privateKey: own.privateKey, publicKey })
    },
  }
}

export interface LinkKeys {
  /** What each side shows to have come to the same keys over the same words. */
  readonly proofs: Readonly<Record<Role, Buffer>>
  /** For what each side sends. */
  readonly sending: Readonly<Record<Role, Buffer>>
}

/**
 * Keys from the agreed secret and the launch key, over a digest of both hellos: whoever changed a bit of either, or
 * lacks the launch key, comes to other keys. Wipes the agreed secret.
 */
export function deriveLinkKeys(
  agreed: Buffer,
  launchKey: Buffer,
  hellos: Readonly<Record<Role, Buffer>>,
): LinkKeys {
  const transcript = createHash('sha256').update(LABEL).update(hellos.gilgul).update(hellos.coven).digest()
  const secret = mac(launchKey, agreed)
  const proofOf = (role: Role) => {
    const key = deriveKey(secret, `${LABEL}: ${role} proves`, transcript)
    const proof = mac(key, transcript)
    wipe(key)
    return proof
  }
  const sendingKeyOf = (role: Role) => moveSecret(deriveKey(secret, `${LABEL}: ${role} sends`, transcript))
  const keys = {
    proofs: { coven: proofOf('coven'), gilgul: proofOf('gilgul') },
    sending: { coven: sendingKeyOf('coven'), gilgul: sendingKeyOf('gilgul') },
  }
  wipe(secret, agreed)
  return keys
}
