export { BUS_FD, LINK_FD } from './birthplace.ts'
export type { CovenClient } from './client.ts'
export { type CarriedSecret, openExport, sealExport } from './export-file.ts'
export { type Launch, type LaunchOptions, prepareLaunch } from './launch.ts'
export { createLink, type Link, type LinkOptions } from './link.ts'
export { type Meeting, meetCoven } from './meeting.ts'
export {
  howItOpens,
  type NextUnlock,
  type OpenCoven,
  type OpenCovenOptions,
  openCoven,
  tryPassphrase,
} from './open.ts'
export { askDoor, type DoorAnswer } from './sealing/ask-door.ts'
export { type Coven, type CovenSettings, standCoven } from './sealing/coven.ts'
export { createCoven, createDesk } from './service.ts'
export type { Session } from './session.ts'
export type { SystemKey } from './unlock/system-credential.ts'
