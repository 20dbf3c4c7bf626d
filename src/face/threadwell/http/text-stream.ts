import { toFailure } from './failure.ts'

export interface TextStreamOptions<Item> {
  readonly contentType: string
  readonly encode: (item: Item) => string
  /** What is sent as the last piece when the items fail. */
  readonly encodeFailure: (error: unknown) => string
}

/**
 * Sends items as they come, and asks for the next one only when the last was taken. When the reader goes away, or
 * the request is aborted, `abort` fires and the items are let go of.
 */
export function textStream<Item>(
  items: AsyncIterable<Item>,
  abort: AbortController,
  { contentType, encode, encodeFailure }: TextStreamOptions<Item>,
): Response {
  const encoder = new TextEncoder()
  const iterator = items[Symbol.asyncIterator]()
  const letGo = () => {
    abort.abort()
    void iterator.return?.().catch(() => {})
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(encode(value)))
      } catch (error) {
        if (abort.signal.aborted) return controller.error(error)
        controller.enqueue(encoder.encode(encodeFailure(error)))
        controller.close()
        letGo()
      }
    },
    cancel: letGo,
  })
  // Nothing on the way may wait for more before it passes on what it has.
  const headers = { 'content-type': contentType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  return new Response(body, { headers })
}

/** One JSON object a line. A failure is the last of them. */
export function lineStream<Item>(
  request: Request,
  open: (signal: AbortSignal) => AsyncIterable<Item>,
): Response {
  const abort = abortedWith(request)
  return textStream(open(abort.signal), abort, {
    contentType: 'application/x-ndjson; charset=utf-8',
    encode: (item) => `${JSON.stringify(item)}\n`,
    encodeFailure: (error) => `${JSON.stringify({ kind: 'error', ...toFailure(error) })}\n`,
  })
}

/** Fires when the request is aborted, and may be fired for other reasons. */
export function abortedWith(request: Request): AbortController {
  const abort = new AbortController()
  if (request.signal.aborted) abort.abort()
  request.signal.addEventListener('abort', () => abort.abort(), { once: true })
  return abort
}
