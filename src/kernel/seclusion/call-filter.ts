import { constants } from 'node:os'
import { assembleBpf, type BpfLine } from './bpf.ts'

type Numbers = readonly [x64: number | undefined, arm64: number | undefined]

/**
 * Calls with which a program reaches out of its view, into others, or into the kernel: what Docker and Flatpak deny as
 * well. No service of Runa makes them.
 */
const DENIED: Readonly<Record<string, Numbers>> = {
  // Into other processes.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  // Into another view.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  unshare: [272, 97],
  setns: [308, 268],
  // The keys of the kernel.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  // Parts of the kernel in which faults were found again and again.
  bpf: [321, 280],
  userfaultfd: [323, 282],
  perf_event_open: [298, 241],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  lookup_dcookie: [212, 18],
  modify_ldt: [154, undefined],
  uselib: [134, undefined],
  // The machine.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  vhangup: [153, 58],
  iopl: [172, undefined],
  ioperm: [173, undefined],
}

const ARCHITECTURES = {
  x64: { index: 0, audit: 0xc000003e, clone: 56, ioctl: 16, socket: 41 },
  arm64: { index: 1, audit: 0xc00000b7, clone: 220, ioctl: 29, socket: 198 },
} as const

/** Its flags lie in memory, which a filter cannot look at. Told that there is none, the C library takes clone. */
const CLONE3 = 435
/** The numbers of the x32 interface, which nobody uses, would go past every test. */
const X32 = 0x40000000
const CLONE_NEWUSER = 0x10000000
/** Types into the terminal that one shares with others. */
const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c
const AF_UNIX = 1

/** struct seccomp_data: the number of the call, the architecture, then six arguments of 64 bits. */
const NUMBER_AT = 0
const ARCHITECTURE_AT = 4
const argumentAt = (index: number) => 16 + 8 * index

const ALLOW = 0x7fff0000
const refuse = (name: 'EPERM' | 'ENOSYS' | 'EAFNOSUPPORT') => 0x00050000 | constants.errno[name]

export interface CallFilterOptions {
  /** Which sockets it may make: any, only those of files, or none. Pairs of them, as pipes to children are, it always may. */
  readonly sockets: 'any' | 'files' | 'none'
}

/** A filter for seccomp, or undefined on an architecture whose numbers are not known here. */
export function assembleCallFilter(architecture: string, { sockets }: CallFilterOptions): Buffer | undefined {
  if (architecture !== 'x64' && architecture !== 'arm64') return undefined
  const { index, audit, clone, ioctl, socket } = ARCHITECTURES[architecture]
  const on = (value: number, goTo: string): BpfLine => ({ when: 'equal', value, goTo })
  const denied = Object.values(DENIED).flatMap((numbers) => numbers[index] ?? [])
  return assembleBpf([
    { load: ARCHITECTURE_AT },
    on(audit, 'native'),
    { give: refuse('EPERM') },
    { label: 'native' },
    { load: NUMBER_AT },
    { when: 'atLeast', value: X32, goTo: 'denied' },
    ...denied.map((number) => on(number, 'denied')),
    on(CLONE3, 'absent'),
    on(clone, 'clone'),
    on(ioctl, 'ioctl'),
    ...(sockets === 'any' ? [] : [on(socket, 'socket')]),
    { give: ALLOW },
    { label: 'clone' },
    { load: argumentAt(0) },
    { when: 'anyBitOf', value: CLONE_NEWUSER, goTo: 'denied' },
    { give: ALLOW },
    { label: 'ioctl' },
    { load: argumentAt(1) },
    on(TIOCSTI, 'denied'),
    on(TIOCLINUX, 'denied'),
    { give: ALLOW },
    { label: 'socket' },
    { load: argumentAt(0) },
    ...(sockets === 'files' ? [on(AF_UNIX, 'allowed')] : []),
    { give: refuse('EAFNOSUPPORT') },
    { label: 'allowed' },
    { give: ALLOW },
    { label: 'absent' },
    { give: refuse('ENOSYS') },
    { label: 'denied' },
    { give: refuse('EPERM') },
  ])
}
