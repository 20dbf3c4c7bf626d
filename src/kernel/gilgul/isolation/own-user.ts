import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Confined, unwrapped, type Wrapping } from './confined.ts'
import type { Machine } from './machine.ts'

interface User {
  readonly uid: number
  readonly gid: number
}

const OTHERS_MAY_PASS = 0o001

/** Another user, without the rights of root and without a way back to them. */
export function wrapInUser(confined: Confined, machine: Machine): Wrapping {
  const { command, own } = confined
  const { user, setpriv, fault } = userOf(confined, machine)
  if (user === undefined || setpriv === undefined) return unwrapped(confined, fault)
  const closed = closedFolderAbove(own)
  // Without its folder it could keep nothing; that is no isolation that anybody asked for.
  if (closed !== undefined) {
    const mend = `\`chmod o+x ${closed}\` lets it pass, and shows it nothing`
    return unwrapped(confined, `the user ${confined.isolation.user} may not pass ${closed} (${mend})`)
  }
  return {
    words: [setpriv, ...rightsOf(user), '--', ...command],
    environment: { RUNA_HOME: own, HOME: own, TMPDIR: own },
    folders: [{ path: own, owner: user }],
    files: [],
    missing: [],
  }
}

/** Another user who takes a folder for the whole system. Where that one has a folder of its own: below `/runa`. */
export function wrapInChroot(confined: Confined, machine: Machine): Wrapping {
  const { name, command, home, isolation } = confined
  const { user, setpriv, fault } = userOf(confined, machine)
  const root = resolve(home, isolation.root ?? '')
  const chroot = machine.find('chroot')
  if (user === undefined || setpriv === undefined) return unwrapped(confined, fault)
  if (chroot === undefined) return unwrapped(confined, 'there is no program chroot')
  const own = join('/runa', name)
  const whom = [`--userspec=${user.uid}:${user.gid}`, '--groups=']
  return {
    // chroot takes the rights away itself, once it has used them.
    words: [setpriv, '--no-new-privs', '--', chroot, ...whom, root, ...command],
    environment: { RUNA_HOME: own, HOME: own, TMPDIR: own, PATH: '/usr/local/bin:/usr/bin:/bin' },
    folders: [{ path: join(root, 'runa') }, { path: join(root, own), owner: user }],
    files: [],
    missing: [],
  }
}

function userOf({ isolation }: Confined, machine: Machine): { user?: User; setpriv?: string; fault: string } {
  if (!machine.isRoot) return { fault: 'only root may start a service as another user' }
  const setpriv = machine.find('setpriv')
  if (setpriv === undefined) return { fault: 'there is no program setpriv (Debian: apt install util-linux)' }
  const user = machine.user(isolation.user ?? '')
  if (user === undefined || user.uid === 0)
    return { fault: `there is no user ${isolation.user} other than root` }
  return { user, setpriv, fault: '' }
}

function rightsOf({ uid, gid }: User): string[] {
  const whom = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  // It ends with the bridge that speaks for it, also where that one is ended by force.
  return [...whom, '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--pdeathsig', 'KILL']
}

/** The lowest folder on the way to `path` that others may not pass. Folders that are not there yet are made passable. */
function closedFolderAbove(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const mode = statSync(folder, { throwIfNoEntry: false })?.mode
    if (mode !== undefined && (mode & OTHERS_MAY_PASS) === 0) return folder
    if (folder === dirname(folder)) return undefined
  }
}
