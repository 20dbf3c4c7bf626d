/** Rows of 8-bit vectors in one block of memory. A row's scale is lost, since only its direction is compared. */
export interface VectorRows {
  /** `codes` as `encodeVector` makes them. Returns the number of the new row, one more than the last. */
  add(codes: Int8Array): number
  /** The cosine of each row with `query`, which has unit length; 0 for a row or a query of zeros, or one not allowed. */
  cosines(query: Float32Array, allowed?: Uint8Array): Float32Array
  cosine(row: number, query: Float32Array): number
}

const CODE_MAX = 127
const ROWS_AT_FIRST = 256

/** Eight bits a dimension, the largest becoming 127. */
export function encodeVector(vector: Float32Array): Int8Array {
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  if (largest === 0) return new Int8Array(vector.length)
  return Int8Array.from(vector, (value) => Math.round((value / largest) * CODE_MAX))
}

export function createVectorRows(dimensions: number): VectorRows {
  let codes = new Int8Array(ROWS_AT_FIRST * dimensions)
  const inverseLengths: number[] = []

  function cosine(row: number, query: Float32Array): number {
    const start = row * dimensions
    let sum = 0
    for (let index = 0; index < dimensions; index += 1) {
      sum += (query[index] as number) * (codes[start + index] as number)
    }
    return Math.max(-1, Math.min(1, sum * (inverseLengths[row] as number)))
  }

  return {
    add(added) {
      const row = inverseLengths.length
      if ((row + 1) * dimensions > codes.length) {
        const larger = new Int8Array(codes.length * 2)
        larger.set(codes)
        codes = larger
      }
      codes.set(added.subarray(0, dimensions), row * dimensions)
      const length = Math.hypot(...added)
      inverseLengths.push(length === 0 ? 0 : 1 / length)
      return row
    },
    cosines(query, allowed) {
      const found = new Float32Array(inverseLengths.length)
      for (let row = 0; row < found.length; row += 1) {
        if (!allowed || allowed[row] === 1) found[row] = cosine(row, query)
      }
      return found
    },
    cosine,
  }
}

/** Between two vectors of unit length, from their cosine: 0 to 2. A vector of zeros stands at right angles to all. */
export function euclideanDistance(cosine: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * cosine))
}
