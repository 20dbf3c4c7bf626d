import { resolve } from 'node:path'
import { type Confined, unwrapped, type Wrapping } from './confined.ts'
import { filesOf } from './files-of.ts'
import type { Machine } from './machine.ts'
import { SETTINGS, SETTINGS_OF_NETWORK, SYSTEM } from './system-places.ts'

/** Where bubblewrap finds the filter: above the descriptors that every program of Runa inherits. */
const FILTER_FD = 9

/** Opens the filter, and becomes bubblewrap. */
const OPEN_FILTER = `exec ${FILTER_FD}<"$0" && exec "$@"`

/**
 * A view of its own: the system read-only, its own folder in the place of RUNA_HOME, no other process, no network, and a
 * filter for calls. Its input, output and descriptor 3 go through.
 */
export function wrapInBubblewrap(confined: Confined, machine: Machine): Wrapping {
  const { command, home, own, isolation } = confined
  const fault = machine.bubblewrapFault()
  const bubblewrap = machine.find('bwrap')
  if (fault !== '' || bubblewrap === undefined) return unwrapped(confined, fault)
  const filter = machine.filterFile(isolation)
  const { network, read, write } = isolation
  const words = [
    bubblewrap,
    // Its parent is the bridge, not gilgul: it ends with what speaks for it.
    '--die-with-parent',
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...(network ? [] : ['--unshare-net']),
    ...['--cap-drop', 'ALL', '--hostname', 'runa'],
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    ...seen('--ro-bind-try', [...SYSTEM, ...SETTINGS, ...(network ? SETTINGS_OF_NETWORK : [])]),
    ...['--bind', own, home, '--chdir', home],
    ...seen('--ro-bind', filesOf(command, home, machine)),
    ...seen(
      '--ro-bind',
      read.map((path) => resolve(home, path)),
    ),
    ...seen(
      '--bind',
      write.map((path) => resolve(home, path)),
    ),
    ...(filter === undefined ? [] : ['--seccomp', String(FILTER_FD)]),
    ...['--', ...command],
  ]
  return {
    words: filter === undefined ? words : ['/bin/sh', '-c', OPEN_FILTER, filter, ...words],
    environment: { HOME: home, TMPDIR: '/tmp' },
    folders: [{ path: own }],
    files: [],
    missing:
      filter === undefined ? [`no filter for calls is known for ${machine.architecture} processors`] : [],
  }
}

function seen(option: string, paths: readonly string[]): string[] {
  return paths.flatMap((path) => [option, path, path])
}
