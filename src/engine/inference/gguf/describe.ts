import { open } from 'node:fs/promises'
import { RunaError } from '#protocol'
import { type GgufHeader, HeaderCut, parseGguf } from './parse.ts'

/** What a model file says about itself. */
export interface GgufFacts {
  readonly name: string
  readonly architecture: string
  readonly licence: string
  readonly purpose: 'chat' | 'embedding'
  readonly hasChatTemplate: boolean
  readonly sizeBytes: number
  readonly parameters: number
  /** What it was trained for. */
  readonly contextTokens: number
  readonly vocabularyTokens: number
  /** Of the cache that attention keeps, for each token of context. */
  readonly cacheBytesPerToken: number
}

const FIRST_READ_BYTES = 2 * 2 ** 20
/** A vocabulary of 256 thousand tokens with its merges takes about 16 MiB. */
const HEADER_BYTES_MAX = 128 * 2 ** 20
const TEXT_LENGTH_MAX = 200

/** Reads and checks the header of a model file. Rejects with FILE_NOT_FOUND or MODEL_INVALID. */
export async function describeGguf(path: string): Promise<GgufFacts> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new RunaError('FILE_NOT_FOUND', `${path} cannot be opened: ${cause.code}.`, { cause })
  })
  try {
    const state = await file.stat()
    if (!state.isFile()) throw new RunaError('FILE_NOT_FOUND', `${path} is not a file.`)
    for (let wanted = FIRST_READ_BYTES; wanted <= HEADER_BYTES_MAX; wanted *= 4) {
      const bytes = Buffer.alloc(Math.min(wanted, state.size))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      try {
        return factsOf(parseGguf(bytes.subarray(0, bytesRead), state.size), state.size)
      } catch (error) {
        if (!(error instanceof HeaderCut)) throw error
      }
    }
    throw new RunaError('MODEL_INVALID', `The header of ${path} is larger than ${HEADER_BYTES_MAX} bytes.`)
  } finally {
    await file.close()
  }
}

const EMBEDDING_ARCHITECTURES = /bert|^t5encoder$|^gemma-embedding$/

function factsOf({ values, parameters }: GgufHeader, sizeBytes: number): GgufFacts {
  const architecture = textOf(values.get('general.architecture'))
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(architecture)) {
    throw new RunaError('MODEL_INVALID', 'The file does not say which kind of model it is.')
  }
  const number = (key: string): number => countOf(values.get(`${architecture}.${key}`))
  const heads = number('attention.head_count') || 1
  const width = number('embedding_length')
  const headWidth = Math.ceil(width / heads)
  const keyValueHeads = number('attention.head_count_kv') || heads
  const keyWidth = number('attention.key_length') || headWidth
  const valueWidth = number('attention.value_length') || headWidth
  const isEmbedding = values.has(`${architecture}.pooling_type`) || EMBEDDING_ARCHITECTURES.test(architecture)
  return {
    name: textOf(values.get('general.name')) || 'unnamed',
    architecture,
    licence: textOf(values.get('general.license')),
    purpose: isEmbedding ? 'embedding' : 'chat',
    hasChatTemplate: values.has('tokenizer.chat_template'),
    sizeBytes,
    parameters,
    contextTokens: number('context_length'),
    vocabularyTokens: countOf(values.get('tokenizer.ggml.tokens.length')) || number('vocab_size'),
    cacheBytesPerToken: isEmbedding ? 0 : number('block_count') * keyValueHeads * (keyWidth + valueWidth) * 2,
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return ''
  return value
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, TEXT_LENGTH_MAX)
}

function countOf(value: unknown): number {
  const number = Number(value ?? 0)
  return Number.isSafeInteger(number) && number >= 0 ? number : 0
}

/** The engine itself and its process. */
const PROCESS_BYTES = 110 * 2 ** 20
/** Tokens that are computed in one go; the engine keeps a row of the vocabulary for each. */
export const BATCH_TOKENS = 256

type Sizes = Pick<GgufFacts, 'sizeBytes' | 'cacheBytesPerToken' | 'vocabularyTokens'>

/** What it computes in, and its process, whatever the context. */
export function bufferBytesOf({ vocabularyTokens }: Pick<Sizes, 'vocabularyTokens'>): number {
  return PROCESS_BYTES + 4 * BATCH_TOKENS * vocabularyTokens + 32 * 2 ** 20
}

/** Weights, cache and buffers with so much context: an estimate on the safe side. */
export function estimateMemory(facts: Sizes, contextTokens: number): number {
  return Math.ceil(facts.sizeBytes + facts.cacheBytesPerToken * contextTokens + bufferBytesOf(facts))
}
