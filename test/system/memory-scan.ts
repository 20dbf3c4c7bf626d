import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { createByteScan } from './byte-scan.ts'

/** Where in the memory of a process a word stands, and what may become of it there. */
export interface MemoryHit {
  readonly word: string
  readonly form: string
  readonly mapping: string
  /** The kernel may write it to a disk when it needs room. */
  readonly isSwappable: boolean
  /** A core dump of the process would have it. */
  readonly isDumped: boolean
}

interface Mapping {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly flags: readonly string[]
}

const CHUNK_BYTES = 2 ** 24
/** A word that lies across two chunks is found in the second. */
const OVERLAP_BYTES = 4_096

/**
 * Looks through everything that a process can write to, by what the kernel says about it. Only root may, of a process that
 * is closed. What is in memory of memfd_secret cannot be read by anybody, and so is not found.
 */
export function scanMemory(pid: number, words: readonly string[]): MemoryHit[] {
  const scan = createByteScan(words)
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    return mappingsOf(pid).flatMap((mapping) =>
      chunksOf(memory, mapping).flatMap((bytes) =>
        scan.clear(mapping.name, bytes).map(({ word, form }) => ({
          ...{ word, form, mapping: mapping.name },
          isSwappable: !mapping.flags.includes('lo'),
          isDumped: !mapping.flags.includes('dd'),
        })),
      ),
    )
  } finally {
    closeSync(memory)
  }
}

function mappingsOf(pid: number): Mapping[] {
  const texts = readFileSync(`/proc/${pid}/smaps`, 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  return texts.flatMap((text) => {
    const [, from = '', to = '', rest = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw(.*)$/m.exec(text) ?? []
    if (from === '') return []
    const flags = /^VmFlags: (.*)$/m.exec(text)?.[1]?.split(' ') ?? []
    const name = `${from} ${rest.slice(rest.lastIndexOf(' ') + 1)}`
    return [{ name, from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), flags }]
  })
}

function chunksOf(memory: number, { from, to }: Mapping): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = from; at < to; at += CHUNK_BYTES - OVERLAP_BYTES) {
    const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, to - at))
    try {
      chunks.push(bytes.subarray(0, readSync(memory, bytes, 0, bytes.length, at)))
    } catch {
      // Not there any more, or nobody may read it.
      break
    }
  }
  return chunks
}
