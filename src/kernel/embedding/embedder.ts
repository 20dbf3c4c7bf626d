import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { assetsFolder } from '#kernel/home'
import { RunaError } from '#protocol'
import { readTable, type VectorTable } from './table.ts'
import { createTokenizer } from './tokenizer.ts'

/** Turns text into vectors by looking up words: no network, no model process, tens of thousands a second. */
export interface Embedder {
  /** Names the table and its very bits, so that vectors of another table are never compared with these. */
  readonly model: string
  readonly dimensions: number
  /** Unit length; all zero where the text holds no known word. */
  embed(text: string): Float32Array
  /** How many word pieces the text has. */
  countTokens(text: string): number
}

const TABLE_FILE = 'runa-embed-192.bin'
const VOCABULARY_FILE = 'vocab.txt'

/** Reads the table that ships with Runa, or one of the same shape. Rejects with EMBEDDING_INVALID. */
export async function loadEmbedder(folder: string = assetsFolder('embedding')): Promise<Embedder> {
  const [table, vocabulary] = await Promise.all(
    [TABLE_FILE, VOCABULARY_FILE].map((name) => read(folder, name)),
  )
  if (!table || !vocabulary) throw new RunaError('EMBEDDING_INVALID')
  return createEmbedder(basename(TABLE_FILE, '.bin'), table, vocabulary.toString())
}

async function read(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name))
  } catch (cause) {
    throw new RunaError('EMBEDDING_INVALID', `${name} of the embedding table cannot be read in ${folder}.`, {
      cause,
    })
  }
}

/** `vocabulary` has one word piece a line, in the order of the table. */
export function createEmbedder(name: string, tableBytes: Buffer, vocabulary: string): Embedder {
  const table = readTable(tableBytes)
  const pieces = vocabulary.trimEnd().split('\n')
  if (pieces.length !== table.tokens) {
    throw new RunaError(
      'EMBEDDING_INVALID',
      `The vocabulary has ${pieces.length} pieces, and the embedding table ${table.tokens}.`,
    )
  }
  const tokenizer = createTokenizer(pieces)
  return {
    model: `${name}:${table.digest}`,
    dimensions: table.dimensions,
    embed(text) {
      const sum = new Float32Array(table.dimensions)
      tokenizer.tokenize(text, (token) => addToken(sum, table, token))
      normalize(sum)
      return sum
    },
    countTokens(text) {
      let count = 0
      tokenizer.tokenize(text, () => {
        count += 1
      })
      return count
    },
  }
}

function addToken(sum: Float32Array, { weights, scales, dimensions }: VectorTable, token: number): void {
  const scale = scales[token] as number
  const start = token * dimensions
  for (let index = 0; index < dimensions; index += 1) {
    sum[index] = (sum[index] as number) + scale * (weights[start + index] as number)
  }
}

function normalize(vector: Float32Array): void {
  let squares = 0
  for (const value of vector) squares += value * value
  const length = Math.sqrt(squares)
  if (length > 0)
    for (let index = 0; index < vector.length; index += 1) vector[index] = (vector[index] as number) / length
}
