import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryBytesOf } from '../src/kernel/gilgul/keeping/memory-use.ts'
import { createTestRuna } from '../test/system/test-runa.ts'
import type { Row } from './row.ts'

const TRIVIAL = 50
/** Processes give memory back once they rest. */
const REST_MS = 20_000
const MEGABYTE = 1e6
const GILGUL_AIM_MB = 40
const ALL_AIM_MB = 160

/** Proportional memory of gilgul with fifty services that do nothing, and of all of Runa beside them. */
export async function benchFootprint(): Promise<Row[]> {
  const runa = createTestRuna()
  try {
    const folder = join(runa.home, 'services')
    mkdirSync(folder)
    for (let number = 1; number <= TRIVIAL; number += 1)
      writeFileSync(join(folder, `trivial-${number}.yaml`), 'command: [sleep, "1000000"]\n')
    await runa.start()
    await sleep(REST_MS)
    const { ancestor, gilgul, services } = runa.state()
    const ofRuna = Object.entries(services).filter(([name]) => !name.startsWith('trivial-'))
    const [own, coven] = [await megabytesOf(gilgul.pid), await megabytesOf(ancestor.pid)]
    const others = await Promise.all(ofRuna.map(([, { process }]) => megabytesOf(process?.pid ?? 0)))
    const all = [own, coven, ...others].reduce((sum, size) => sum + size, 0)
    return [
      rowOf(`gilgul with ${TRIVIAL} services`, own, GILGUL_AIM_MB),
      rowOf('coven beside it', coven, GILGUL_AIM_MB),
      rowOf(`all ${others.length + 2} processes of Runa, at rest`, all, ALL_AIM_MB),
    ]
  } finally {
    await runa.remove()
  }
}

async function megabytesOf(pid: number): Promise<number> {
  return (await memoryBytesOf(pid)) / MEGABYTE
}

function rowOf(name: string, megabytes: number, aim: number): Row {
  const ours = Number(megabytes.toFixed(1))
  return { case: name, ours, peer: 'aim', theirs: aim, unit: 'MB', ratio: Number((aim / ours).toFixed(2)) }
}
