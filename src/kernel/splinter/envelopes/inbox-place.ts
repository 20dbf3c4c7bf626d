import { type Layout, ringHeaderBytes } from '../segment/geometry.ts'
import type { RingPlace } from '../topics/ring-place.ts'

/** Where the inbox of a row lies. */
export function inboxPlace(
  { inboxes, inboxStride, inboxBytes }: Layout,
  row: number,
  erasesRead = false,
): RingPlace {
  const start = inboxes + row * inboxStride
  return {
    header: start >> 2,
    records: start + ringHeaderBytes(1),
    capacityBytes: inboxBytes,
    consumersMax: 1,
    lossless: true,
    erasesRead,
  }
}
