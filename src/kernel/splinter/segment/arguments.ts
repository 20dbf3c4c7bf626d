import { RunaError } from '#protocol'

// What TypeScript sees to, and plain JavaScript does not: looked at before anything is changed.

/** Throws BAD_INPUT. */
export function refuseUnless(isFit: boolean, sentence: string): void {
  if (!isFit) throw new RunaError('BAD_INPUT', sentence)
}

export function checkListener(listener: unknown): void {
  refuseUnless(typeof listener === 'function', 'A listener is a function.')
}

export function checkPath(path: unknown): void {
  const isPath = typeof path === 'string' && path !== '' && !path.includes('\0')
  refuseUnless(isPath, 'The path of a file is a text that is not empty.')
}

export function checkOptions(options: unknown): void {
  refuseUnless(typeof options === 'object' && options !== null, 'Options are an object.')
}

/** Absent is fine. */
export function checkFlag(name: string, flag: unknown): void {
  refuseUnless(flag === undefined || typeof flag === 'boolean', `'${name}' is true or false.`)
}
