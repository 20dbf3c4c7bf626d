import { createHash } from 'node:crypto'
import { RunaError } from '#protocol'

const MAGIC = 'RNE1'
const VERSION = 1
const HEADER_BYTES = 16
const DIMENSIONS_MAX = 4_096

/** Word vectors as they lie in the file: the weights of token t begin at `t * dimensions`. */
export interface VectorTable {
  readonly dimensions: number
  readonly tokens: number
  readonly scales: Float32Array
  readonly weights: Int8Array
  /** Changes with every bit of the file. */
  readonly digest: string
}

function refuse(what: string): never {
  throw new RunaError('EMBEDDING_INVALID', `The embedding table ${what}.`)
}

/** Reads magic, version, tokens and dimensions (little-endian uint32), float32 scales, int8 weights. */
export function readTable(bytes: Buffer): VectorTable {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC)
    refuse('does not begin with RNE1')
  const version = bytes.readUInt32LE(4)
  if (version !== VERSION) refuse(`is of version ${version}, and only ${VERSION} is known`)
  const tokens = bytes.readUInt32LE(8)
  const dimensions = bytes.readUInt32LE(12)
  if (tokens === 0 || dimensions === 0 || dimensions > DIMENSIONS_MAX) {
    refuse(`claims ${tokens} tokens of ${dimensions} dimensions`)
  }
  const weightsAt = HEADER_BYTES + 4 * tokens
  const sizeBytes = weightsAt + tokens * dimensions
  if (bytes.length !== sizeBytes) refuse(`has ${bytes.length} bytes, and ${sizeBytes} are announced`)
  // A copy, since a float array has to begin at a multiple of four and a buffer from a pool need not.
  const scales = new Float32Array(Uint8Array.from(bytes.subarray(HEADER_BYTES, weightsAt)).buffer)
  if (!scales.every(Number.isFinite)) refuse('holds a scale that is no number')
  const weights = new Int8Array(bytes.buffer, bytes.byteOffset + weightsAt, tokens * dimensions)
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  return { dimensions, tokens, scales, weights, digest }
}
