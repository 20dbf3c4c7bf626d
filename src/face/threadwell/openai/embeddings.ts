import * as z from 'zod'
import { EMBEDDED_TEXT_LENGTH_MAX, EMBEDDED_TEXTS_MAX, RunaError } from '#protocol'
import { readJson } from '../http/body.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { assertModelId, RUNA_MODEL } from './answer.ts'

const textSchema = z.string().min(1).max(EMBEDDED_TEXT_LENGTH_MAX)

const embeddingsRequestSchema = z.object({
  model: z.string().min(1),
  input: z.union([textSchema, z.array(textSchema).min(1).max(EMBEDDED_TEXTS_MAX)], {
    error: `Runa embeds a text, or up to ${EMBEDDED_TEXTS_MAX} of them, each of at most ${EMBEDDED_TEXT_LENGTH_MAX} characters`,
  }),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.number().int().positive().nullish(),
})

/** POST /v1/embeddings */
export async function embed(request: Request, { inference }: Services): Promise<Response> {
  const asked = await readJson(request, embeddingsRequestSchema, LIMITS.completionBytesMax)
  const texts = typeof asked.input === 'string' ? [asked.input] : asked.input
  if (asked.model !== RUNA_MODEL) assertModelId(asked.model)
  const named = asked.model === RUNA_MODEL ? {} : { model: asked.model }
  const { vectors, tokens, model } = await inference.embed({ ...named, texts }, { signal: request.signal })
  const length = vectors[0]?.length ?? 0
  if (asked.dimensions && asked.dimensions !== length) {
    throw new RunaError('BAD_INPUT', `dimensions: the vectors of this model have ${length}, and are not cut`)
  }
  const encode = asked.encoding_format === 'base64' ? toBase64 : (vector: readonly number[]) => vector
  return Response.json({
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encode(vector) })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
}

/** 32-bit floats, little-endian. */
function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
