import { RunaError } from '#protocol'
import { CHAIN_START } from './chain.ts'
import type { RecordLog } from './record-log.ts'

/** In place of a log where there is no key for one: nothing gets onto a disk. */
export function createNoLog(): RecordLog {
  const refuse = () => Promise.reject(new RunaError('MEMORY_OFF'))
  return {
    end: () => CHAIN_START,
    days: () => [],
    append: refuse,
    read: async () => undefined,
    hasKey: () => false,
    destroyKeys: async () => {},
    roomTodayBytes: async () => 0,
    verify: refuse,
    close: async () => {},
  }
}
