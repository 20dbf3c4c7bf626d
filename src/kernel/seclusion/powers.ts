import { canFilterCalls, landlockVersion } from '#kernel/sys'
import { assembleCallFilter } from './call-filter.ts'

/** What this machine can keep a program to. */
export interface SeclusionPowers {
  /** 0: it cannot keep it from files at all. */
  readonly landlock: number
  readonly filter: boolean
}

export function seclusionPowers(): SeclusionPowers {
  const isKnown = assembleCallFilter(process.arch, { sockets: 'none' }) !== undefined
  return { landlock: landlockVersion(), filter: isKnown && canFilterCalls() }
}

/** Without these, nothing is kept apart in this way. Sentences without an end; empty where there are both. */
export function missingPowers({ landlock, filter }: SeclusionPowers): string[] {
  return [
    ...(landlock > 0
      ? []
      : ['this kernel has no Landlock in force (5.13; `lsm=landlock,…` among its arguments)']),
    ...(filter ? [] : ['no filter for calls is known for this kernel or processor']),
  ]
}

/** What a newer kernel would add. Sentences without an end. */
export function weakPowers({ landlock }: SeclusionPowers): string[] {
  return [
    ...(landlock < 2 ? ['no file can be moved into another folder (Linux 5.19)'] : []),
    ...(landlock < 3 ? ['files that may only be read may still be cut short (Linux 6.2)'] : []),
    ...(landlock < 5 ? ['every command is open to it of devices that it may use (Linux 6.10)'] : []),
    ...(landlock < 6 ? ['signals reach processes outside (Linux 6.12)'] : []),
  ]
}
