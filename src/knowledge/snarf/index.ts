export { createSnarfHandlers } from './service.ts'
export { openSnarf, type Snarf, type SnarfOptions } from './snarf.ts'
export { findWishes, type Wish } from './wishes.ts'
