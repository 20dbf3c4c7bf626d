import { resolve } from 'node:path'
import { missingPowers, withinWalls } from '#kernel/seclusion'
import { type Confined, unwrapped, type Wrapping } from './confined.ts'
import { filesOf } from './files-of.ts'
import type { Machine } from './machine.ts'
import { SETTINGS, SETTINGS_OF_NETWORK, SYSTEM } from './system-places.ts'
import type { View } from './views.ts'

/** Programs are started through it before the rules hold for them. */
const LOADERS = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1']

/**
 * The kernel keeps it from all files but those of the rules, from others' processes, and, where it has no network, from
 * sockets; with the filter for calls. No process stands between, so that it suits Runa's own services.
 */
export function wrapInLandlock(confined: Confined, machine: Machine): Wrapping {
  const missing = missingPowers(machine.powers())
  if (missing.length > 0) return unwrapped(confined, ...missing)
  return confined.view ? wrapOwn(confined, confined.view) : wrapProgram(confined, machine)
}

/** A service of Runa itself. What the owner names comes on top. */
function wrapOwn({ name, command, descriptors, home, isolation }: Confined, view: View): Wrapping {
  const more = (paths: readonly string[]) => paths.map((path) => resolve(home, path))
  const network = view.network || isolation.network
  const words = withinWalls(
    {
      ...{ title: `runa-${name}`, descriptors, network },
      sockets: network ? 'any' : 'none',
      run: [process.execPath, ...LOADERS],
      read: [...view.read, ...more(isolation.read)],
      write: [...view.write, ...view.journals, ...more(isolation.write)],
      devices: view.devices,
    },
    command,
  )
  const folders = view.write
    .filter((path) => path.startsWith(`${home}/`))
    .map((path) => ({ path, mode: 0o700 }))
  return { words, environment: {}, folders, files: [], journals: view.journals, missing: [] }
}

/** A program of the owner. Its own folder takes the place of the home and of the one for temporary files. */
function wrapProgram(confined: Confined, machine: Machine): Wrapping {
  const { command, descriptors, home, own, isolation } = confined
  const { network, read, write } = isolation
  const files = filesOf(command, home, machine)
  const words = withinWalls(
    {
      ...{ title: command[0] ?? '', descriptors, network },
      sockets: network ? 'any' : 'files',
      run: [...SYSTEM, ...files],
      read: [
        ...[...SETTINGS, ...(network ? SETTINGS_OF_NETWORK : []), '/proc', '/sys/devices/system/cpu'],
        ...read.map((path) => resolve(home, path)),
      ],
      write: [own, ...write.map((path) => resolve(home, path))],
      devices: ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'],
    },
    command,
  )
  return {
    words,
    environment: { RUNA_HOME: own, HOME: own, TMPDIR: own },
    folders: [{ path: own }],
    files: [],
    missing: [],
  }
}
