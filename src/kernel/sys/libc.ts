import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

type Native = (...values: readonly unknown[]) => number

interface Koffi {
  /** Null: what this process itself shows. */
  load(library: string | null): { func(definition: string): Native }
  errno(): number
  address(pointer: unknown): bigint
  view(pointer: unknown, sizeBytes: number): ArrayBuffer
}

let koffi: Koffi | undefined
const loaded = new Map<string, Native>()

/** Loading costs every process about 8 ms and 1 MB, so that it waits for the first call. */
export function koffiLibrary(): Koffi {
  koffi ??= createRequire(import.meta.url)('koffi') as Koffi
  return koffi
}

/** A function of the C library, by its C declaration. The caller sees to it that values fit the declaration. */
export function libc(definition: string): Native {
  const known = loaded.get(definition)
  if (known) return known
  const native = koffiLibrary().load('libc.so.6').func(definition)
  loaded.set(definition, native)
  return native
}

/** Throws what koffi says where the calls of this folder cannot be made at all: without koffi's own library, or glibc. */
export function tryCalls(): void {
  libc('int getpid()')()
}

/** What the kernel refused, shaped as Node's own errors are: `code` is the name of the errno. */
export function systemError(call: string, errno: number = koffiLibrary().errno()): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${call}: ${code}`), { code, errno, syscall: call })
}
