import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createBus } from '#kernel/splinter'
import { mapFile } from '#kernel/sys'
import type { TortureOptions, TortureRow } from './row.ts'

const WORKER = fileURLToPath(new URL('bus-fuzz-worker.js', import.meta.url))
const PROCESSES = 4
/** Of 200 faults, which is the default, a minute comes. */
const MS_FOR_EACH = 300
/** A process that says nothing for so long hangs. A lock that was damaged is waited for a second. */
const SILENT_MS_MAX = 15_000
/** Beyond this, memory is asked for without bound. */
const RESIDENT_BYTES_MAX = 2 ** 30
/** Sizes and versions, which each process has read when it attached: those who attach later refuse them. */
const HEADER_BYTES = 4_096

interface Counts {
  flips: number
  crashed: number
  hung: number
  bloated: number
  uncoded: number
}

/** Flips bits of a bus while processes use all of it: nothing worse than an error with a code may come of it. */
export async function fuzzBus({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const counts: Counts = { flips: 0, crashed: 0, hung: 0, bloated: 0, uncoded: 0 }
  const endMs = performance.now() + faults * MS_FOR_EACH
  let buses = 0
  while (performance.now() < endMs) {
    buses += 1
    await fuzzOne(counts, random, Math.min(endMs, performance.now() + 6_000))
  }
  const { flips, crashed, hung, bloated, uncoded } = counts
  const wedged = crashed + hung + bloated + uncoded
  return [{ case: 'bits flipped in a live bus', faults: flips, lost: 0, torn: 0, wedged, buses, ...counts }]
}

/** One bus, until it is damaged so much that there is little left to damage. */
async function fuzzOne(counts: Counts, random: () => number, endMs: number): Promise<void> {
  const folder = mkdtempSync('/dev/shm/runa-fuzz-')
  const path = join(folder, 'bus')
  createBus({
    path,
    sizeBytes: 2 * 2 ** 20,
    inboxBytes: 16_384,
    slotsMax: 64,
    membersMax: 12,
    whenFull: 'evict',
  })
  const fd = openSync(path, 'r+')
  const bytes = new Uint8Array(mapFile(fd))
  closeSync(fd)
  // Some buses are damaged slowly, so that one fault at a time is met; others fast.
  const flipsAtOnce = 1 + Math.floor(random() ** 3 * 20)
  const workers = Array.from({ length: PROCESSES }, (_, index) => startWorker(path, index, random))
  try {
    while (performance.now() < endMs && workers.every(({ isRunning }) => isRunning())) {
      await sleep(2)
      for (let flip = 0; flip < flipsAtOnce; flip += 1) flipOne(bytes, random, counts)
      for (const { silentMs, residentBytes } of workers) {
        if (silentMs() > SILENT_MS_MAX) counts.hung += 1
        if (residentBytes() > RESIDENT_BYTES_MAX) counts.bloated += 1
      }
      if (counts.hung + counts.bloated > 0) break
    }
    for (const { uncoded, isRunning, outcome } of workers) {
      counts.uncoded += uncoded()
      if (isRunning()) continue
      counts.crashed += 1
      process.stderr.write(`a process ended: ${outcome()}\n`)
    }
  } finally {
    for (const { end } of workers) end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Mostly where structure is: in whole words, or near what has been damaged before. */
function flipOne(bytes: Uint8Array, random: () => number, counts: Counts): void {
  const below = (end: number) => Math.floor(random() * end)
  const start = random() < 0.05 ? 0 : HEADER_BYTES
  const at = start + below(random() < 0.5 ? 160_000 : bytes.length - start)
  const kind = random()
  if (kind < 0.6) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
  else {
    const word = at & ~3
    const value = kind < 0.7 ? 0xff : kind < 0.8 ? 0 : kind < 0.9 ? 0x7f : below(256)
    bytes.fill(value, word, word + 4)
  }
  counts.flips += 1
}

function startWorker(path: string, index: number, random: () => number) {
  const seed = String(Math.floor(random() * 2 ** 31))
  const program = ['--max-old-space-size=512', WORKER, path, String(index), seed]
  const worker = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  let [heardMs, resident, uncoded] = [performance.now(), 0, 0]
  worker.stdout.setEncoding('utf8').on('data', (text: string) => {
    heardMs = performance.now()
    for (const line of text.split('\n')) {
      if (line.startsWith('resident ')) resident = Number(line.slice(9))
      else if (line !== '') {
        uncoded += 1
        process.stderr.write(`${line}\n`)
      }
    }
  })
  return {
    isRunning: () => worker.exitCode === null && worker.signalCode === null,
    outcome: () => worker.signalCode ?? `status ${worker.exitCode}`,
    silentMs: () => performance.now() - heardMs,
    residentBytes: () => resident,
    uncoded: () => uncoded,
    end: () => void worker.kill('SIGKILL'),
  }
}
