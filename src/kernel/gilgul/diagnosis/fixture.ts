import { type Evidence, ROOM_BYTES_MIN } from './evidence.ts'
import { readWords } from './words.ts'

/** A death with nothing to be seen but what is given. */
export function death({
  said = [],
  ...changes
}: Partial<Evidence> & { readonly said?: readonly string[] }): Evidence {
  const words = readWords(said)
  return {
    ...{ name: 'tieto', isModel: false, exit: { code: 1, signal: null }, verdict: undefined },
    ...{
      wasReady: false,
      memoryKills: 0,
      kernelNamedIt: false,
      needs: [],
      model: undefined,
      port: undefined,
    },
    words,
    file: words.path === undefined ? undefined : { path: words.path, state: 'missing' },
    disks: [{ folder: '/home', freeBytes: 1_000 * ROOM_BYTES_MIN }],
    ...changes,
  }
}
