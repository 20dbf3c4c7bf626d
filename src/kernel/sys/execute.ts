import { openSync } from 'node:fs'
import { constants } from 'node:os'
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
  execute(words[0], words, environment)
}

interface Becoming {
  /** The program, looked for as a shell does, and its arguments. */
  readonly words: readonly [string, ...string[]]
  /** How it is called in lists of processes. */
  readonly title: string
  /** Descriptors that stay open beside input, output and error output. What is not open stays so. */
  readonly descriptors: readonly number[]
}

/**
 * Has this process run another program from now on, with its environment, its input and its outputs, and signals as a
 * fresh process has them. Never returns; throws as the system does where it cannot be done.
 */
export function becomeProgram({ words, title, descriptors }: Becoming): never {
  // Node closes on exec whatever it inherits.
  for (const fd of [0, 1, 2, ...descriptors]) libc('int fcntl(int, int, int)')(fd, F_SETFD, 0)
  // Node ignores them, and what is ignored stays so.
  for (const number of [constants.signals.SIGPIPE, constants.signals.SIGXFSZ])
    libc('void* signal(int, void*)')(number, null)
  const [program, ...rest] = words
  execute(program, [title, ...rest], process.env)
}

function execute(program: string, words: readonly string[], environment: NodeJS.ProcessEnv): never {
  const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  libc('int execvpe(const char*, const char**, const char**)')(program, [...words, null], [...pairs, null])
  throw systemError('execve')
}
