import { tryCalls } from '#kernel/sys'
import { RunaError } from '#protocol'

/** What the bus needs of the system that it runs on. */
export interface System {
  readonly platform: string
  /** Throws where system calls cannot be made. */
  readonly call: () => void
}

const OWN: System = { platform: process.platform, call: tryCalls }
let isFit = false

/** Throws SYSTEM_UNFIT where memory cannot be shared as the bus does it, before anything is tried. */
export function refuseUnfitSystem(system: System = OWN): void {
  if (system === OWN && isFit) return
  if (system.platform !== 'linux')
    throw new RunaError('SYSTEM_UNFIT', `The bus runs on Linux, and this is ${system.platform}.`)
  try {
    system.call()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new RunaError('SYSTEM_UNFIT', `The bus cannot make system calls here: ${why}`, { cause })
  }
  isFit ||= system === OWN
}
