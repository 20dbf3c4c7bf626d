import { open } from 'node:fs/promises'

/**
 * Writes GGUF files, so that no test needs a model that somebody else made. Format:
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export type GgufEntry =
  | readonly [key: string, type: 'uint32' | 'int32' | 'float32', value: number]
  | readonly [key: string, type: 'boolean', value: boolean]
  | readonly [key: string, type: 'string', value: string]
  | readonly [key: string, type: 'strings', value: readonly string[]]
  | readonly [key: string, type: 'int32s' | 'float32s', value: readonly number[]]

export interface Tensor {
  readonly name: string
  /** Innermost first. */
  readonly shape: readonly number[]
  readonly values: Float32Array
}

const TYPE = { uint32: 4, int32: 5, float32: 6, boolean: 7, string: 8, array: 9 } as const
const ALIGNMENT = 32

/** The header alone: everything but the weights. */
export function ggufHeader(
  entries: readonly GgufEntry[],
  tensors: readonly Omit<Tensor, 'values'>[],
): Buffer {
  const parts = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(entries.length)]
  for (const entry of entries) parts.push(string(entry[0]), ...valueParts(entry))
  let offset = 0
  for (const { name, shape } of tensors) {
    parts.push(string(name), uint32(shape.length), ...shape.map(uint64), uint32(0), uint64(offset))
    offset = align(offset + 4 * shape.reduce((product, size) => product * size, 1))
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([...parts, Buffer.alloc(align(length) - length)])
}

/** A whole file in memory. */
export function ggufBytes(entries: readonly GgufEntry[], tensors: readonly Tensor[]): Buffer {
  return Buffer.concat([ggufHeader(entries, tensors), ...tensors.flatMap(weightParts)])
}

/** Writes a file tensor by tensor, so that a large model does not lie in memory twice. */
export async function writeGguf(
  path: string,
  entries: readonly GgufEntry[],
  tensors: readonly Omit<Tensor, 'values'>[],
  valuesOf: (tensor: Omit<Tensor, 'values'>) => Float32Array,
): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.write(ggufHeader(entries, tensors))
    for (const tensor of tensors) {
      for (const part of weightParts({ ...tensor, values: valuesOf(tensor) })) await file.write(part)
    }
  } finally {
    await file.close()
  }
}

function weightParts({ name, shape, values }: Tensor): Buffer[] {
  const elements = shape.reduce((product, size) => product * size, 1)
  if (elements !== values.length)
    throw new Error(`${name} has ${values.length} values instead of ${elements}`)
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return [bytes, Buffer.alloc(align(bytes.length) - bytes.length)]
}

function valueParts(entry: GgufEntry): Buffer[] {
  const [, type, value] = entry
  switch (type) {
    case 'string':
      return [uint32(TYPE.string), string(value)]
    case 'boolean':
      return [uint32(TYPE.boolean), Buffer.from([value ? 1 : 0])]
    case 'strings':
      return [uint32(TYPE.array), uint32(TYPE.string), uint64(value.length), Buffer.concat(value.map(string))]
    case 'int32s':
      return [
        uint32(TYPE.array),
        uint32(TYPE.int32),
        uint64(value.length),
        Buffer.from(Int32Array.from(value).buffer),
      ]
    case 'float32s':
      return [
        uint32(TYPE.array),
        uint32(TYPE.float32),
        uint64(value.length),
        Buffer.from(Float32Array.from(value).buffer),
      ]
    default:
      return [
        uint32(TYPE[type]),
        type === 'float32' ? Buffer.from(Float32Array.of(value).buffer) : uint32(value),
      ]
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([uint64(bytes.length), bytes])
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT
}
