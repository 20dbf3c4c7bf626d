import { libc, systemError } from './libc.ts'

/** Makes a named pipe that only its owner may open. Throws with code EEXIST where something has that name. */
export function makeFifo(path: string): void {
  if (libc('int mkfifo(const char*, uint32_t)')(path, 0o600) !== 0) throw systemError('mkfifo')
}
