import { libc } from './libc.ts'

/** Collecting stops everything else for about a millisecond a megabyte. */
const HEAP_BYTES_MAX = 64 * 2 ** 20

/**
 * Gives the system back what this process has allocated and needs no more: garbage, where Node was started with
 * `--expose-gc` and has no more than 64 MiB to look through, and what the C library keeps for later. Takes some 20 ms.
 */
export function releaseMemory(): void {
  if (process.memoryUsage().heapUsed <= HEAP_BYTES_MAX) globalThis.gc?.()
  libc('int malloc_trim(size_t pad)')(0)
}
