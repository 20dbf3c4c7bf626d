import type { GgufEntry, Tensor } from './gguf.ts'

export interface Recipe {
  readonly entries: readonly GgufEntry[]
  readonly tensors: readonly Omit<Tensor, 'values'>[]
  /** The same at every call, and on every machine. */
  readonly valuesOf: (tensor: Omit<Tensor, 'values'>) => Float32Array
}

export interface LlamaSize {
  readonly contextTokens: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly feedForward: number
}

export const SMALL: LlamaSize = {
  contextTokens: 512,
  width: 64,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 128,
}

/** About 45 million parameters: small enough to make in seconds, large enough that decoding is what takes time. */
export const MEDIUM: LlamaSize = {
  contextTokens: 1_024,
  width: 512,
  layers: 14,
  heads: 8,
  keyValueHeads: 8,
  feedForward: 1_376,
}

const CHAT_TEMPLATE =
  "{% for message in messages %}<|begin|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}" +
  '{% if add_generation_prompt %}<|begin|>assistant\n{% endif %}'

/** A model of llama's architecture with weights drawn at random: it babbles, but it really computes. */
export function randomLlama(size: LlamaSize = SMALL, seed = 42): Recipe {
  const vocabulary = byteVocabulary()
  const { width, heads, keyValueHeads, feedForward } = size
  const keyWidth = (width / heads) * keyValueHeads
  const layer = (index: number) => [
    { name: `blk.${index}.attn_norm.weight`, shape: [width] },
    { name: `blk.${index}.attn_q.weight`, shape: [width, width] },
    { name: `blk.${index}.attn_k.weight`, shape: [width, keyWidth] },
    { name: `blk.${index}.attn_v.weight`, shape: [width, keyWidth] },
    { name: `blk.${index}.attn_output.weight`, shape: [width, width] },
    { name: `blk.${index}.ffn_norm.weight`, shape: [width] },
    { name: `blk.${index}.ffn_gate.weight`, shape: [width, feedForward] },
    { name: `blk.${index}.ffn_up.weight`, shape: [width, feedForward] },
    { name: `blk.${index}.ffn_down.weight`, shape: [feedForward, width] },
  ]
  const tensors = [
    { name: 'token_embd.weight', shape: [width, vocabulary.tokens.length] },
    { name: 'output_norm.weight', shape: [width] },
    { name: 'output.weight', shape: [width, vocabulary.tokens.length] },
    ...Array.from({ length: size.layers }, (_, index) => layer(index)).flat(),
  ]
  const weights = weightsBySeed(seed)
  const valuesOf: Recipe['valuesOf'] = (tensor) => {
    const values = weights(tensor)
    // A token whose row is zero never wins: the model only says what can be read, and it never ends by itself.
    if (tensor.name === 'output.weight') {
      for (const [token, text] of vocabulary.tokens.entries()) {
        if (!isReadable(text)) values.fill(0, token * width, (token + 1) * width)
      }
    }
    return values
  }
  return { entries: llamaEntries(size, vocabulary), tensors, valuesOf }
}

function isReadable(token: string): boolean {
  const byte = /^<0x(..)>$/.exec(token)?.[1]
  if (byte === undefined) return !token.startsWith('<')
  const code = Number.parseInt(byte, 16)
  return code >= 0x20 && code < 0x7f
}

function llamaEntries(size: LlamaSize, { tokens, types }: Vocabulary): GgufEntry[] {
  return [
    ['general.architecture', 'string', 'llama'],
    ['general.name', 'string', 'Random llama'],
    ['general.license', 'string', 'apache-2.0'],
    ['general.file_type', 'uint32', 0],
    ['llama.context_length', 'uint32', size.contextTokens],
    ['llama.embedding_length', 'uint32', size.width],
    ['llama.block_count', 'uint32', size.layers],
    ['llama.feed_forward_length', 'uint32', size.feedForward],
    ['llama.attention.head_count', 'uint32', size.heads],
    ['llama.attention.head_count_kv', 'uint32', size.keyValueHeads],
    ['llama.attention.layer_norm_rms_epsilon', 'float32', 1e-5],
    ['llama.rope.dimension_count', 'uint32', size.width / size.heads],
    ['llama.vocab_size', 'uint32', tokens.length],
    ['tokenizer.ggml.model', 'string', 'llama'],
    ['tokenizer.ggml.tokens', 'strings', tokens],
    ['tokenizer.ggml.scores', 'float32s', tokens.map((_, index) => -index)],
    ['tokenizer.ggml.token_type', 'int32s', types],
    ['tokenizer.ggml.unknown_token_id', 'uint32', 0],
    ['tokenizer.ggml.bos_token_id', 'uint32', 1],
    ['tokenizer.ggml.eos_token_id', 'uint32', 2],
    ['tokenizer.ggml.add_bos_token', 'boolean', true],
    ['tokenizer.chat_template', 'string', CHAT_TEMPLATE],
  ]
}

interface Vocabulary {
  readonly tokens: readonly string[]
  /** ggml's token types: 1 text, 2 unknown, 3 control, 6 byte. */
  readonly types: readonly number[]
}

/** Every byte, so that it can say anything, and a few words, so that tokens are not all one byte long. */
function byteVocabulary(): Vocabulary {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  )
  const words = [
    '▁',
    'e',
    't',
    'a',
    'o',
    'n',
    'i',
    's',
    '▁t',
    'he',
    '▁the',
    '▁a',
    'in',
    'er',
    '▁and',
    'ing',
    '▁of',
  ]
  return {
    tokens: ['<unk>', '<s>', '</s>', '<|begin|>', '<|end|>', ...bytes, ...words],
    types: [2, 3, 3, 3, 3, ...bytes.map(() => 6), ...words.map(() => 1)],
  }
}

/** An embedding model of BERT's architecture with random weights. */
export function randomBert(seed = 7): Recipe {
  const size = { contextTokens: 64, width: 64, layers: 2, heads: 4, feedForward: 128 }
  const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789.,!?-']
  // llama.cpp marks where a word begins, and not, as BERT does, where it goes on.
  const pieces = [
    ...letters.map((letter) => `▁${letter}`),
    ...letters,
    '▁the',
    '▁cat',
    '▁dog',
    '▁king',
    '▁queen',
    'ing',
  ]
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
  const tokens = [...special, ...pieces]
  const types = tokens.map((_, index) => (index === 1 ? 2 : index < special.length ? 3 : 1))
  return {
    entries: bertEntries(size, { tokens, types }),
    tensors: bertTensors(size, tokens.length),
    valuesOf: weightsBySeed(seed),
  }
}

type BertSize = Omit<LlamaSize, 'keyValueHeads'>

function bertEntries(size: BertSize, { tokens, types }: Vocabulary): GgufEntry[] {
  return [
    ['general.architecture', 'string', 'bert'],
    ['general.name', 'string', 'Random BERT'],
    ['general.file_type', 'uint32', 0],
    ['bert.context_length', 'uint32', size.contextTokens],
    ['bert.embedding_length', 'uint32', size.width],
    ['bert.block_count', 'uint32', size.layers],
    ['bert.feed_forward_length', 'uint32', size.feedForward],
    ['bert.attention.head_count', 'uint32', size.heads],
    ['bert.attention.layer_norm_epsilon', 'float32', 1e-12],
    ['bert.attention.causal', 'boolean', false],
    ['bert.pooling_type', 'uint32', 1],
    ['tokenizer.ggml.model', 'string', 'bert'],
    ['tokenizer.ggml.pre', 'string', 'bert-bge'],
    ['tokenizer.ggml.token_type_count', 'uint32', 2],
    ['tokenizer.ggml.tokens', 'strings', tokens],
    ['tokenizer.ggml.scores', 'float32s', tokens.map(() => -1_000)],
    ['tokenizer.ggml.token_type', 'int32s', types],
    ['tokenizer.ggml.padding_token_id', 'uint32', 0],
    ['tokenizer.ggml.unknown_token_id', 'uint32', 1],
    ['tokenizer.ggml.cls_token_id', 'uint32', 2],
    ['tokenizer.ggml.bos_token_id', 'uint32', 2],
    ['tokenizer.ggml.seperator_token_id', 'uint32', 3],
    ['tokenizer.ggml.eos_token_id', 'uint32', 3],
    ['tokenizer.ggml.mask_token_id', 'uint32', 4],
  ]
}

function bertTensors({ width, layers, feedForward, contextTokens }: BertSize, vocabulary: number) {
  const norm = (name: string) => [
    { name: `${name}.weight`, shape: [width] },
    { name: `${name}.bias`, shape: [width] },
  ]
  const linear = (name: string, from: number, to: number) => [
    { name: `${name}.weight`, shape: [from, to] },
    { name: `${name}.bias`, shape: [to] },
  ]
  const layer = (index: number) => [
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].flatMap((name) =>
      linear(`blk.${index}.${name}`, width, width),
    ),
    ...norm(`blk.${index}.attn_output_norm`),
    ...linear(`blk.${index}.ffn_up`, width, feedForward),
    ...linear(`blk.${index}.ffn_down`, feedForward, width),
    ...norm(`blk.${index}.layer_output_norm`),
  ]
  return [
    { name: 'token_embd.weight', shape: [width, vocabulary] },
    { name: 'token_types.weight', shape: [width, 2] },
    { name: 'position_embd.weight', shape: [width, contextTokens] },
    ...norm('token_embd_norm'),
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
  ]
}

/** Norms are ones, biases zeros, and the rest is normally distributed; large enough at the ends to have an opinion. */
function weightsBySeed(seed: number): Recipe['valuesOf'] {
  return ({ name, shape }) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1))
    if (name.endsWith('norm.weight')) return values.fill(1)
    if (name.endsWith('.bias')) return values
    const deviation = name === 'token_embd.weight' ? 1 : name === 'output.weight' ? 0.3 : 0.1
    const random = createRandom(
      [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed),
    )
    for (let index = 0; index < values.length; index += 1) values[index] = deviation * normal(random)
    return values
  }
}

/** Box and Muller, 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Marsaglia's xorshift with 32 bits: the same numbers everywhere. */
function createRandom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
