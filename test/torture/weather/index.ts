import type { TortureOptions, TortureRow } from '../row.ts'
import { jumpClock } from './clock.ts'
import { sufferScarcity } from './scarcity.ts'
import { useSmallMachine } from './small-machine.ts'

/** Of the faults, so many are one round of everything. */
const ROUND = 24

/** What the machine does to a whole Runa: its clock jumps, it has nothing left of something, it is small. */
export async function tortureWeather({ faults }: TortureOptions): Promise<TortureRow[]> {
  // A short form, for every change: the rest takes minutes.
  if (faults < ROUND) return await jumpClock(2)
  const rows: TortureRow[] = []
  for (let left = faults; left > 0; left -= ROUND)
    rows.push(...(await jumpClock()), ...(await sufferScarcity()), ...(await useSmallMachine()))
  return rows
}
