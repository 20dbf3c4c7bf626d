import type { Bus } from '../bus.ts'
import { createTestBuses } from '../fixture.ts'

/** Small enough to be filled. */
export const LOSSLESS = { lossless: true, capacityBytes: 8_192 }

export const bytes = (text: string) => Buffer.from(text)
export const text = (message: Uint8Array) => Buffer.from(message).toString()

/** Members who meet on new buses, for one file of tests. */
export function createTestMembers() {
  const { newBus, seat } = createTestBuses()
  return {
    newBus,
    seat,
    members(count: number): Bus[] {
      const path = newBus()
      return Array.from({ length: count }, (_, index) => seat(path, `member-${index}`))
    },
  }
}
