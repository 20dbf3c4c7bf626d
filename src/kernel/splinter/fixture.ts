import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { attachBus, type Bus, type BusOptions, createBus, type SeatOptions } from './bus.ts'

/** Small buses for one file of tests, and seats on them. All of it is gone when the tests are over. */
export function createTestBuses() {
  const folder = mkdtempSync('/dev/shm/runa-splinter-test-')
  const seats: Bus[] = []
  let buses = 0
  after(() => {
    for (const bus of seats) bus.close()
    rmSync(folder, { recursive: true })
  })
  return {
    /** Returns its path. */
    newBus(options: Partial<BusOptions> = {}): string {
      buses += 1
      const path = join(folder, String(buses), 'bus')
      createBus({ path, sizeBytes: 4 * 2 ** 20, inboxBytes: 65_536, ...options })
      return path
    },
    seat(path: string, name: string, options: Omit<SeatOptions, 'name'> = {}): Bus {
      const bus = attachBus(path, { name, ...options })
      seats.push(bus)
      return bus
    },
  }
}

/** Waits on a condition, never for luck: the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}
