import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { libc, systemError } from './libc.ts'

/** The same numbers on x86-64 and on 64-bit ARM. */
const SYS_CREATE_RULESET = 444
const SYS_ADD_RULE = 445
const SYS_RESTRICT_SELF = 446
const CREATE_RULESET_VERSION = 1
const RULE_PATH_BENEATH = 1
const O_PATH = 0o10_000_000

const EXECUTE = 1 << 0
const WRITE_FILE = 1 << 1
const READ_FILE = 1 << 2
const READ_DIR = 1 << 3
const TRUNCATE = 1 << 14
const IOCTL_DEV = 1 << 15
/** What there is to deny about files, by version: the bits below this one. */
const FILE_BITS: readonly number[] = [0, 13, 14, 15, 15, 16]
/** All that the rule of a file may name; the others are about what lies in a folder. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
/** To listen on a port, and to connect to one. */
const TCP = 0b11
/** Abstract sockets of others, and signals to them. */
const OTHERS = 0b11

export interface LandlockRules {
  /** What is there of these may be used so, with all that is below it. What none of them names may not. */
  readonly run: readonly string[]
  readonly read: readonly string[]
  /** And read. */
  readonly write: readonly string[]
  /** As `write`, and their own commands (ioctl). */
  readonly devices: readonly string[]
  readonly network: boolean
}

/**
 * Which version of Landlock this kernel has in force; 0: none. Files are kept from 1 on (Linux 5.13), their truncation from 3
 * (6.2), TCP from 4 (6.7), commands of devices from 5 (6.10), signals and abstract sockets from 6 (6.12).
 */
export function landlockVersion(): number {
  const version = libc('long syscall(long, uint8_t*, size_t, uint)')(
    SYS_CREATE_RULESET,
    null,
    0,
    CREATE_RULESET_VERSION,
  )
  return Math.max(0, version)
}

/**
 * Keeps this thread, the programs that it becomes, and all that they start, to these rules: as much of them as this
 * kernel knows. Other threads of this process are as free as before. There is no way back. Throws as the system does.
 * `setNoNewRights` goes before it. Source: landlock(7).
 */
export function restrictByLandlock(rules: LandlockRules): void {
  const version = landlockVersion()
  const fileBits = FILE_BITS[Math.min(version, FILE_BITS.length - 1)] ?? 0
  const handled = 2 ** fileBits - 1
  const ruleset = createRuleset(version, handled, rules.network)
  try {
    const reading = READ_FILE | READ_DIR
    const writing = handled & ~(EXECUTE | IOCTL_DEV)
    for (const [paths, rights] of [
      [rules.run, reading | EXECUTE],
      [rules.read, reading],
      [rules.write, writing],
      [rules.devices, writing | IOCTL_DEV],
    ] as const) {
      for (const path of paths) allow(ruleset, path, rights & handled)
    }
    if (libc('long syscall(long, int, uint)')(SYS_RESTRICT_SELF, ruleset, 0) !== 0)
      throw systemError('landlock_restrict_self')
  } finally {
    closeSync(ruleset)
  }
}

/** struct landlock_ruleset_attr: files, network, scopes, 64 bits each. Older kernels take no more than they know. */
function createRuleset(version: number, handled: number, network: boolean): number {
  const attributes = Buffer.alloc(version >= 6 ? 24 : version >= 4 ? 16 : 8)
  attributes.writeBigUInt64LE(BigInt(handled), 0)
  if (version >= 4 && !network) attributes.writeBigUInt64LE(BigInt(TCP), 8)
  if (version >= 6) attributes.writeBigUInt64LE(BigInt(OTHERS), 16)
  const fd = libc('long syscall(long, uint8_t*, size_t, uint)')(
    SYS_CREATE_RULESET,
    attributes,
    attributes.length,
    0,
  )
  if (fd < 0) throw systemError('landlock_create_ruleset')
  return fd
}

/** struct landlock_path_beneath_attr: 64 bits of rights, then the descriptor. What is not there is left out. */
function allow(ruleset: number, path: string, rights: number): void {
  const fd = openPath(path)
  if (fd === undefined) return
  try {
    const attributes = Buffer.alloc(12)
    attributes.writeBigUInt64LE(BigInt(fstatSync(fd).isDirectory() ? rights : rights & OF_FILES), 0)
    attributes.writeInt32LE(fd, 8)
    const addRule = libc('long syscall(long, int, int, uint8_t*, uint)')
    if (addRule(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, attributes, 0) !== 0)
      throw systemError(`landlock_add_rule for ${path}`)
  } finally {
    closeSync(fd)
  }
}

function openPath(path: string): number | undefined {
  try {
    return openSync(path, O_PATH | constants.O_RDONLY)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(code)) return undefined
    throw error
  }
}
