import { RunaError } from '#protocol'

/** Whether a message should be shown. */
export type Filter = (message: Uint8Array) => boolean

/**
 * `containing` is looked for byte for byte; `where`, such as `size.width=3`, is asked of messages that are JSON. What is
 * not given lets everything pass. Throws BAD_INPUT.
 */
export function createFilter(containing: string | undefined, where: string | undefined): Filter {
  const isSo = where === undefined ? () => true : createComparison(where)
  return (message) => (containing === undefined || Buffer.from(message).includes(containing)) && isSo(message)
}

function createComparison(where: string): Filter {
  const [, path = '', wanted = ''] = /^([^=]+)=([\s\S]*)$/.exec(where) ?? []
  if (path === '')
    throw new RunaError('BAD_INPUT', `--where takes PATH=VALUE, such as type=event, and not '${where}'.`)
  const steps = path.split('.')
  return (message) => {
    const found = steps.reduce(inside, parse(message))
    return found !== undefined && (typeof found === 'string' ? found : JSON.stringify(found)) === wanted
  }
}

function parse(message: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(message).toString())
  } catch {
    return undefined
  }
}

function inside(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
