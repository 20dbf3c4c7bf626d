import { KEY_BYTES } from '#kernel/seal'
import { RunaError } from '#protocol'

/** Keys by name. */
export type KeyTable = ReadonlyMap<string, Buffer>

/** The key that names a service; the rest of a table are keys for words. */
const IDENTITY = 'identity'
const WORDS = 'words '

const MARK = Buffer.from('RUNABRT\x01', 'latin1')
const KEYS_MAX = 32
const NAME_BYTES_MAX = 120
/** Of a table with as many keys as there may be. */
export const TABLE_BYTES_MAX = MARK.length + 1 + KEYS_MAX * (1 + NAME_BYTES_MAX + KEY_BYTES)

/** The keys that a process is given: of its own identity, and of the contracts whose words it may read and write. */
export interface Birth {
  /** Undefined where Runa runs without coven, and for programs that gilgul did not start. */
  readonly identity: Buffer | undefined
  /** By the name of the contract. */
  readonly words: KeyTable
}

/**
 * A mark with the version of the format, the count of keys (8 bits), then for each: the length of its name (8 bits), the
 * name, and the 32 bytes of the key. The caller wipes what this returns.
 */
export function encodeBirth({ identity, words }: Birth): Buffer {
  const named: [string, Buffer][] = [...words].map(([contract, key]) => [`${WORDS}${contract}`, key])
  if (identity) named.unshift([IDENTITY, identity])
  if (named.length > KEYS_MAX) throw new RangeError(`A birth has at most ${KEYS_MAX} keys.`)
  const entries = named.flatMap(([name, key]) => {
    const bytes = Buffer.from(name)
    if (bytes.length > NAME_BYTES_MAX || key.length !== KEY_BYTES) throw new RangeError(`No key: ${name}.`)
    return [Buffer.of(bytes.length), bytes, key]
  })
  return Buffer.concat([MARK, Buffer.of(named.length), ...entries])
}

/** Copies every key, so that the caller can wipe `bytes`. What follows the table is left out. Throws BIRTH_INVALID. */
export function decodeBirth(bytes: Buffer): Birth {
  if (!bytes.subarray(0, MARK.length).equals(MARK)) throw new RunaError('BIRTH_INVALID')
  let offset = MARK.length
  const take = (sizeBytes: number) => {
    if (offset + sizeBytes > bytes.length) throw new RunaError('BIRTH_INVALID', 'The keys end too early.')
    offset += sizeBytes
    return bytes.subarray(offset - sizeBytes, offset)
  }
  let identity: Buffer | undefined
  const words = new Map<string, Buffer>()
  for (let rest = take(1)[0] ?? 0; rest > 0; rest -= 1) {
    const name = take(take(1)[0] ?? 0).toString('utf8')
    const key = Buffer.from(take(KEY_BYTES))
    if (name === IDENTITY) identity = key
    else if (name.startsWith(WORDS)) words.set(name.slice(WORDS.length), key)
  }
  return { identity, words }
}
