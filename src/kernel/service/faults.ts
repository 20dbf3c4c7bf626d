import { quotesWords, RunaError } from '#protocol'

const FRAMES_MAX = 8

/** What a log may say of an error: where it happened, and its message only where that was worded for others. */
export function describeFault(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return {}
  if (error instanceof RunaError) {
    return { code: error.code, ...(quotesWords(error.code) ? {} : { message: error.message }) }
  }
  return { error: error.name, code: (error as NodeJS.ErrnoException).code, at: framesOf(error) }
}

/** The same as lines, for who ends by an error that nobody caught. What the system refused names files, and is said. */
export function describeCrash(error: unknown): string {
  if (!(error instanceof Error)) return 'Error: something was thrown that is no error'
  const { code, errno } = error as NodeJS.ErrnoException
  const maySay = error instanceof RunaError ? !quotesWords(error.code) : errno !== undefined
  const head = [`${error.name}:`, ...(maySay ? [error.message] : []), ...(code ? [`[${code}]`] : [])]
  return [head.join(' '), ...framesOf(error).map((frame) => `    ${frame}`)].join('\n')
}

/** Behind the message, which may have lines that look like one. */
export function framesOf({ stack = '', message }: Error): string[] {
  const lines = stack.slice(stack.indexOf(message) + message.length).split('\n')
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, FRAMES_MAX)
    .map((frame) => frame.trim())
}
