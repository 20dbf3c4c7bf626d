import { openSync } from 'node:fs'
import { libc, systemError } from './libc.ts'

const F_SETFD = 2

export interface Execution {
  /** The program, and its arguments. */
  readonly words: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  /** Descriptors that stay open beside the error output. Input and output lead nowhere. */
  readonly descriptors: readonly number[]
}

/**
 * Has this process run another program from now on: its number and its children stay, and nothing of its memory does.
 * Never returns; throws as the system does where it cannot be done, and then input and output are lost.
 */
export function replaceProcess({ words, environment, descriptors }: Execution): never {
  const nowhere = openSync('/dev/null', 'r+')
  for (const fd of [0, 1]) if (libc('int dup2(int, int)')(nowhere, fd) < 0) throw systemError('dup2')
  for (const fd of [2, ...descriptors]) {
    if (libc('int fcntl(int, int, int)')(fd, F_SETFD, 0) !== 0) throw systemError('fcntl')
  }
  const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  libc('int execve(const char*, const char**, const char**)')(words[0], [...words, null], [...pairs, null])
  throw systemError('execve')
}
