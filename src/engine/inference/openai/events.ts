import { RunaError } from '#protocol'

const LINE_BYTES_MAX = 2 ** 20

/**
 * The `data` of each event of a server-sent event stream (WHATWG HTML, section 9.2). Throws ENGINE_UNREACHABLE where
 * a line is longer than any event may be.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let unfinished = ''
  let event: string[] = []
  for await (const bytes of body) {
    const lines = (unfinished + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    unfinished = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (event.length > 0) yield event.join('\n')
        event = []
      } else if (line.startsWith('data:')) {
        event.push(line.slice(5).replace(/^ /, ''))
      }
      if (event.length > 0 && event.reduce((sum, part) => sum + part.length, 0) > LINE_BYTES_MAX) tooLong()
    }
    if (unfinished.length > LINE_BYTES_MAX) tooLong()
  }
  // Servers that end without a blank line still meant what they said.
  if (unfinished.startsWith('data:')) event.push(unfinished.slice(5).trim())
  if (event.length > 0) yield event.join('\n')
}

function tooLong(): never {
  throw new RunaError(
    'ENGINE_UNREACHABLE',
    `The server sent an event of more than ${LINE_BYTES_MAX} characters.`,
  )
}
