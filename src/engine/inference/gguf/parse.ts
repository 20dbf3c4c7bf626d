import { RunaError } from '#protocol'
import { ARRAY_TYPE, STRING_TYPE, TENSOR_TYPES, VALUE_SIZES } from './types.ts'

type GgufValue = number | bigint | string | boolean

export interface GgufHeader {
  /** Single values; of an array only its length, under `KEY.length`. */
  readonly values: ReadonlyMap<string, GgufValue>
  readonly tensorCount: number
  /** Weights in all. */
  readonly parameters: number
}

/** More than any model has; a file that asks for more is broken or hostile. */
const LIMITS = {
  keys: 65_536,
  tensors: 65_536,
  keyBytes: 1_024,
  nameBytes: 256,
  stringBytes: 4 * 2 ** 20,
  arrayItems: 2 ** 24,
  dimensions: 4,
  elements: 2 ** 42,
  alignment: 65_536,
}

/** The header goes on beyond the bytes at hand: come again with more of the file. */
export class HeaderCut extends Error {}

/**
 * Reads the header of a GGUF file (versions 2 and 3, little-endian) and checks that every tensor lies within the
 * file. `bytes` is how the file begins. Throws MODEL_INVALID, or HeaderCut where the file has more than `bytes`.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function parseGguf(bytes: Buffer, fileBytes: number): GgufHeader {
  const cursor = createCursor(bytes, fileBytes)
  if (bytes.length < 4 || bytes.toString('latin1', 0, 4) !== 'GGUF')
    refuse('it does not begin as a GGUF file')
  cursor.take(4)
  const version = cursor.uint32()
  if (version !== 2 && version !== 3)
    refuse(`its format has version ${version}, and only 2 and 3 can be read`)
  const tensorCount = cursor.count(LIMITS.tensors, 'tensors')
  const keyCount = cursor.count(LIMITS.keys, 'keys')
  const values = readValues(cursor, keyCount)
  const parameters = readTensors(cursor, tensorCount, values, fileBytes)
  return { values, tensorCount, parameters }
}

function refuse(why: string): never {
  throw new RunaError('MODEL_INVALID', `The file is no sound model: ${why}.`)
}

type Cursor = ReturnType<typeof createCursor>

function createCursor(bytes: Buffer, fileBytes: number) {
  let position = 0
  function take(count: number): number {
    const start = position
    position += count
    if (position > fileBytes) refuse('it ends in the middle of its header')
    if (position > bytes.length) throw new HeaderCut()
    return start
  }
  function length(max: number, what: string): number {
    const value = bytes.readBigUInt64LE(take(8))
    if (value > BigInt(max)) refuse(`it claims ${value} ${what}, and ${max} is the most that is allowed`)
    return Number(value)
  }
  return {
    take,
    get position() {
      return position
    },
    uint32: () => bytes.readUInt32LE(take(4)),
    uint64: () => bytes.readBigUInt64LE(take(8)),
    count: length,
    string(bytesMax: number, what: string): string {
      const size = length(bytesMax, `bytes of ${what}`)
      const start = take(size)
      return bytes.toString('utf8', start, start + size)
    },
    number(type: number): GgufValue {
      const start = take(VALUE_SIZES[type] ?? refuse(`it holds a value of unknown type ${type}`))
      switch (type) {
        case 0:
          return bytes.readUInt8(start)
        case 1:
          return bytes.readInt8(start)
        case 2:
          return bytes.readUInt16LE(start)
        case 3:
          return bytes.readInt16LE(start)
        case 4:
          return bytes.readUInt32LE(start)
        case 5:
          return bytes.readInt32LE(start)
        case 6:
          return bytes.readFloatLE(start)
        case 7:
          return bytes.readUInt8(start) !== 0
        case 10:
          return bytes.readBigUInt64LE(start)
        case 11:
          return bytes.readBigInt64LE(start)
        default:
          return bytes.readDoubleLE(start)
      }
    },
  }
}

function readValues(cursor: Cursor, count: number): Map<string, GgufValue> {
  const values = new Map<string, GgufValue>()
  for (let index = 0; index < count; index += 1) {
    const key = cursor.string(LIMITS.keyBytes, 'a key')
    if (values.has(key)) refuse('a key stands in it twice')
    const type = cursor.uint32()
    if (type === ARRAY_TYPE) values.set(`${key}.length`, skipArray(cursor))
    else if (type === STRING_TYPE) values.set(key, cursor.string(LIMITS.stringBytes, 'a text'))
    else values.set(key, cursor.number(type))
  }
  return values
}

/** Arrays are vocabularies: long, and nothing that is needed here. Arrays of arrays are in no model. */
function skipArray(cursor: Cursor): number {
  const type = cursor.uint32()
  const items = cursor.count(LIMITS.arrayItems, 'items in a list')
  if (type === STRING_TYPE) {
    for (let index = 0; index < items; index += 1)
      cursor.take(cursor.count(LIMITS.stringBytes, 'bytes of a text'))
  } else {
    cursor.take(items * (VALUE_SIZES[type] ?? refuse(`it holds a list of unknown type ${type}`)))
  }
  return items
}

function readTensors(
  cursor: Cursor,
  count: number,
  values: ReadonlyMap<string, GgufValue>,
  fileBytes: number,
): number {
  if (count === 0) refuse('it holds no weights')
  const alignment = Number(values.get('general.alignment') ?? 32)
  const isPower = Number.isInteger(Math.log2(alignment))
  if (!isPower || alignment < 1 || alignment > LIMITS.alignment) refuse(`its alignment is ${alignment}`)
  const names = new Set<string>()
  const ends: number[] = []
  let parameters = 0
  for (let index = 0; index < count; index += 1) {
    const name = cursor.string(LIMITS.nameBytes, "a tensor's name")
    if (names.has(name)) refuse('two of its tensors have one name')
    names.add(name)
    const { elements, sizeBytes } = readShape(cursor)
    const offset = cursor.uint64()
    if (offset % BigInt(alignment) !== 0n) refuse('a tensor does not lie where it may')
    if (offset > BigInt(fileBytes)) refuse('a tensor lies beyond its end, so it was cut off')
    ends.push(Number(offset) + sizeBytes)
    parameters += elements
  }
  const weightsStart = Math.ceil(cursor.position / alignment) * alignment
  const end = ends.reduce((most, one) => Math.max(most, one), 0)
  if (weightsStart + end > fileBytes) {
    refuse(`it should have at least ${weightsStart + end} bytes and has ${fileBytes}, so it was cut off`)
  }
  return parameters
}

function readShape(cursor: Cursor): { elements: number; sizeBytes: number } {
  const dimensions = cursor.uint32()
  if (dimensions < 1 || dimensions > LIMITS.dimensions) refuse(`a tensor has ${dimensions} dimensions`)
  let elements = 1
  let rowElements = 0
  for (let index = 0; index < dimensions; index += 1) {
    const size = cursor.count(LIMITS.elements, 'elements in a tensor')
    if (index === 0) rowElements = size
    elements *= size
    if (elements < 1 || elements > LIMITS.elements) refuse('the size of a tensor is impossible')
  }
  const type = cursor.uint32()
  const [blockElements, blockBytes] = TENSOR_TYPES[type] ?? refuse(`a tensor is of unknown type ${type}`)
  if (rowElements % blockElements !== 0) refuse('the size of a tensor does not fit its type')
  return { elements, sizeBytes: (elements / blockElements) * blockBytes }
}
