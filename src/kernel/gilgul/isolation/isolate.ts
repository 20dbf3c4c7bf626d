import { RunaError } from '#protocol'
import { wrapInBubblewrap } from './bubblewrap.ts'
import { bare, type Confined, type Wrap, type Wrapping } from './confined.ts'
import { wrapInLandlock } from './landlock.ts'
import type { Machine } from './machine.ts'
import { wrapInChroot, wrapInUser } from './own-user.ts'
import type { IsolationKind } from './settings.ts'
import { wrapInQemu, wrapInXen } from './virtual-machine.ts'

const WRAPS: Readonly<Record<IsolationKind, Wrap>> = {
  none: bare,
  landlock: wrapInLandlock,
  user: wrapInUser,
  bubblewrap: wrapInBubblewrap,
  chroot: wrapInChroot,
  qemu: wrapInQemu,
  xen: wrapInXen,
}

/**
 * How a program is started so that it is kept apart as asked. Where this machine cannot do that: throws ISOLATION_MISSING,
 * or gives what can be had where `required` is false, and names what is missing.
 */
export function isolate(confined: Confined, machine: Machine): Wrapping {
  const { name, isolation } = confined
  const wrapping = WRAPS[isolation.kind](confined, machine)
  if (isolation.required) requireAll(name, wrapping.missing)
  return wrapping
}

export function requireAll(name: string, missing: readonly string[]): void {
  if (missing.length > 0) throw new RunaError('ISOLATION_MISSING', `${name}: ${missing.join('; ')}.`)
}
