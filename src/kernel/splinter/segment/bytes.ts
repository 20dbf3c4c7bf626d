import { RunaError } from '#protocol'

/** Not of a text, a list or wider numbers, which would be kept as other bytes than they have. */
export function areBytes(content: Uint8Array): boolean {
  return content?.length >= 0 && content.byteLength === content.length
}

export function noBytes(): RunaError {
  return new RunaError('BAD_INPUT', 'Values and messages are bytes: a Buffer, or a Uint8Array.')
}
