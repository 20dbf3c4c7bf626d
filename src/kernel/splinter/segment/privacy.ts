import {
  createMessageSeal,
  deriveKey,
  KEY_BYTES,
  MESSAGE_SEAL_BYTES,
  type MessageSeal,
  mac,
  sameBytes,
} from '#kernel/seal'
import { RunaError } from '#protocol'
import { refuseUnless } from './arguments.ts'
import { areBytes, noBytes } from './bytes.ts'

export const SEALS = ['nothing', 'words', 'everything'] as const
/**
 * What is sealed on a bus. `words`: what its sender declares as people's words, under the key of the contract that they
 * belong to. `everything`: each payload, value and message, under the secret of the bus.
 */
export type Seals = (typeof SEALS)[number]

export const KEY_STYLES = ['plain', 'hashed', 'uuid'] as const
/** How the keys of the store stand in memory. `hashed`: as HMACs under the secret of the bus. */
export type KeyStyle = (typeof KEY_STYLES)[number]

export const PROOF_BYTES = 16

/** What a bus says of itself. */
export interface Privacy {
  readonly seals: Seals
  readonly keys: KeyStyle
  /** Follows from the secret, and tells nothing of it. */
  readonly proof: Uint8Array
}

/** The keys for people's words that a process was given, by contract. */
export type WordsKeys = ReadonlyMap<string, Uint8Array>

/** What a process was given for one bus. */
export interface BusKeys {
  readonly words?: WordsKeys | undefined
  /** Of a bus with hashed keys, or on which everything is sealed: without it nobody takes a seat. */
  readonly secret?: Uint8Array | undefined
}

/** Seals and hides what one process puts on a bus, and opens what others put there. */
export interface Protection {
  readonly seals: Seals
  /** Undefined for what stays clear on this bus. Throws BUS_KEY_MISSING, so that words are never sent in clear. */
  sealFor(words: string | undefined): MessageSeal | undefined
  /** As the store keeps it. Throws BAD_INPUT for a key that this bus does not take. */
  storedKey(key: string): Buffer
  /** False where `storedKey` cannot be turned back. */
  readonly hasReadableKeys: boolean
}

/** Throws BAD_INPUT where a secret is needed and there is none. */
export function describePrivacy(
  seals: Seals = 'nothing',
  keys: KeyStyle = 'plain',
  secret: Uint8Array | undefined,
): Privacy {
  if (!SEALS.includes(seals) || !KEY_STYLES.includes(keys)) {
    const choices = `seals ${SEALS.join(', ')}; its keys are ${KEY_STYLES.join(', ')}`
    throw new RunaError('BAD_INPUT', `A bus ${choices}; not ${seals} and ${keys}.`)
  }
  if (needsSecret({ seals, keys }) && secret === undefined) {
    throw new RunaError('BAD_INPUT', 'A bus that seals everything or hides its keys is made with a secret.')
  }
  const isSecret = secret === undefined || (areBytes(secret) && secret.length === KEY_BYTES)
  refuseUnless(isSecret, `The secret of a bus is ${KEY_BYTES} bytes.`)
  return { seals, keys, proof: secret ? proofOf(secret, { seals, keys }) : new Uint8Array(PROOF_BYTES) }
}

/**
 * Throws BUS_KEY_MISSING without the secret that this bus asks for, and BUS_KEY_WRONG with another one, or where the bus
 * says that it seals less than who has these keys was promised.
 */
export function createProtection(path: string, privacy: Privacy, { words, secret }: BusKeys): Protection {
  const { seals, keys } = privacy
  refuseUnless(words === undefined || words instanceof Map, 'The keys for words are a Map, by contract.')
  refuseLaxer(path, privacy, { words, secret })
  const own = needsSecret(privacy) ? checkSecret(path, privacy, secret) : undefined
  const whole =
    own && seals === 'everything' ? createMessageSeal(deriveKey(own, 'runa bus payloads')) : undefined
  const hashKey = own && keys === 'hashed' ? deriveKey(own, 'runa bus keys') : undefined
  const known = new Map<string, MessageSeal>()

  function sealOf(contract: string): MessageSeal {
    const before = known.get(contract)
    if (before) return before
    const key = words?.get(contract)
    if (!key) throw new RunaError('BUS_KEY_MISSING', `This process has no key for the words of ${contract}.`)
    const made = createMessageSeal(key)
    known.set(contract, made)
    return made
  }

  return {
    seals,
    hasReadableKeys: keys !== 'hashed',
    sealFor: (contract) => (seals === 'words' && contract !== undefined ? sealOf(contract) : whole),
    storedKey(key) {
      if (hashKey) return mac(hashKey, key)
      if (keys === 'uuid' && !UUID.test(key)) {
        throw new RunaError('BAD_INPUT', `The keys of this bus are UUIDs in small letters: '${key}' is none.`)
      }
      return Buffer.from(key)
    },
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

function needsSecret({ seals, keys }: Pick<Privacy, 'seals' | 'keys'>): boolean {
  return seals === 'everything' || keys === 'hashed'
}

/** Over what the bus says of itself as well: whoever can write to its header may not make it say less. */
function proofOf(secret: Uint8Array, { seals, keys }: Pick<Privacy, 'seals' | 'keys'>): Buffer {
  return deriveKey(secret, `runa bus proof ${seals} ${keys}`).subarray(0, PROOF_BYTES)
}

/** Keys are only handed out for a bus that seals. One that says it does not was changed since: words would go in clear. */
function refuseLaxer(path: string, privacy: Privacy, { words, secret }: BusKeys): void {
  const isLaxer =
    (privacy.seals === 'nothing' && words !== undefined && words.size > 0) ||
    (secret !== undefined && !needsSecret(privacy))
  if (isLaxer) throw new RunaError('BUS_KEY_WRONG', `${path} says that it does not seal what it has to.`)
}

function checkSecret(path: string, privacy: Privacy, secret: Uint8Array | undefined): Uint8Array {
  if (secret === undefined)
    throw new RunaError('BUS_KEY_MISSING', `${path} is a private bus: it has a secret.`)
  if (secret.length === KEY_BYTES && sameBytes(proofOf(secret, privacy), privacy.proof)) return secret
  throw new RunaError('BUS_KEY_WRONG')
}

/** A copy of the content, sealed for its place; the content itself where it stays clear. */
export function protect(seal: MessageSeal | undefined, content: Uint8Array, place: Uint8Array): Uint8Array {
  if (!seal) return content
  if (!areBytes(content)) throw noBytes()
  const sealed = Buffer.allocUnsafe(content.length + MESSAGE_SEAL_BYTES)
  seal.sealInto(sealed, 0, content, place)
  return sealed
}
