import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Confined, unwrapped, type Wrapping } from './confined.ts'
import type { Machine } from './machine.ts'

/** Programs and their libraries. What is not there on this machine is left out. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/lib32']

/** Of /etc, what programs cannot do without. The rest tells of this machine and its people. */
const SETTINGS = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/nsswitch.conf',
  '/etc/passwd',
  '/etc/group',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
]

/** Only who has the network asks for names. */
const SETTINGS_OF_NETWORK = ['/etc/hosts', '/etc/resolv.conf', '/etc/host.conf', '/etc/services']

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

/** What the command names itself. A folder is not taken: it may hold more than was meant. */
function filesOf([program = '', ...words]: readonly string[], home: string, machine: Machine): string[] {
  const found = program.includes('/') ? resolve(home, program) : (machine.find(program) ?? program)
  const files = [found, ...words.map((word) => resolve(home, word))]
  const isSystem = (path: string) => SYSTEM.some((folder) => path.startsWith(`${folder}/`))
  return [...new Set(files)].filter((path) => !isSystem(path) && isFile(path))
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
