import type * as z from 'zod'
import { parseOrThrow, RunaError } from '#protocol'

/** The pieces of a body, as they come. Throws BODY_TOO_LARGE as soon as it is known, CANCELLED when the sender goes. */
export async function* readPieces(request: Request, bytesMax: number): AsyncGenerator<Uint8Array, void> {
  const tooLarge = () => new RunaError('BODY_TOO_LARGE', `A body here holds at most ${bytesMax} bytes.`)
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge()
  if (!request.body) return
  let sizeBytes = 0
  const reader = request.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new RunaError('CANCELLED', 'The request ended before it was whole.', { cause })
      })
      if (done) return
      sizeBytes += value.length
      if (sizeBytes > bytesMax) throw tooLarge()
      yield value
    }
  } finally {
    // What still comes is thrown away: nobody waits for the end of that.
    void reader.cancel().catch(() => {})
  }
}

/** A JSON body that fits `schema`. Throws BAD_INPUT or BODY_TOO_LARGE. */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  bytesMax: number,
): Promise<z.output<Schema>> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\b/i.test(type)) {
    throw new RunaError('BAD_INPUT', 'The body must be JSON, with the content type application/json.')
  }
  const pieces: Uint8Array[] = []
  for await (const piece of readPieces(request, bytesMax)) pieces.push(piece)
  return parseOrThrow(schema, parseJson(Buffer.concat(pieces)))
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new RunaError('BAD_INPUT', 'The body is no valid JSON.', { cause })
  }
}
