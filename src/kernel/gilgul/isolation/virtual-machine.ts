import { join, resolve } from 'node:path'
import { type Confined, unwrapped, type Wrapping } from './confined.ts'
import type { Machine } from './machine.ts'
import type { Limits } from './settings.ts'

const MEBIBYTE = 2 ** 20
const MEMORY_DEFAULT_BYTES = 512 * MEBIBYTE
const MEMORY_MIN_BYTES = 64 * MEBIBYTE
/** An emulator and a bridge, measured at 110 MiB, and some room. */
const AROUND_BYTES = 160 * MEBIBYTE

/** The one name of the port over which envelopes travel; the guest finds it as /dev/virtio-ports/runa. */
const PORT = 'runa'

/** Where Runa is in a virtual machine itself, QEMU 7.2 ends over what the outer one says of this register. */
const HOST_PROCESSOR = { arm64: 'host', x64: 'host,arch-capabilities=off' } as const

/** As Linux has it on most architectures: COMMAND_LINE_SIZE, less what stands before the words. */
const COMMAND_LINE_LENGTH_MAX = 1_900

/**
 * A machine of its own, with its own kernel, no network, and nothing of the files but its disk. Its input and output are
 * those of the emulator, over a virtio-serial port. What it runs stands on the command line of its kernel.
 */
export function wrapInQemu(confined: Confined, machine: Machine): Wrapping {
  const { isolation, limits, home, command } = confined
  const isArm = machine.architecture === 'arm64'
  const emulator = machine.find(isArm ? 'qemu-system-aarch64' : 'qemu-system-x86_64')
  if (emulator === undefined) return unwrapped(confined, 'QEMU is not installed (Debian: qemu-system-x86)')
  const fault = commandFault(command)
  if (fault !== undefined) return unwrapped(confined, fault)
  const hasKvm = isolation.kvm && machine.may('/dev/kvm')
  const { kernel = '', initrd, disk } = isolation
  const setpriv = machine.find('setpriv')
  const parts = disk === undefined ? 'rdinit=/runa/init' : 'root=/dev/vda rw init=/runa/init'
  const words = [
    // It ends with the bridge that speaks for it, also where that one is ended by force.
    ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']),
    emulator,
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-nic', 'none', '-no-reboot'],
    ...[
      '-machine',
      hasKvm ? 'accel=kvm' : 'accel=tcg',
      '-cpu',
      hasKvm ? HOST_PROCESSOR[isArm ? 'arm64' : 'x64'] : 'max',
    ],
    ...['-m', String(memoryMiBOf(limits)), '-smp', String(Math.max(1, Math.ceil(limits.processors ?? 1)))],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-kernel', resolve(home, kernel)],
    ...(initrd === undefined ? [] : ['-initrd', resolve(home, initrd)]),
    ...(disk === undefined ? [] : ['-drive', `file=${resolve(home, disk)},if=virtio,format=raw`]),
    ...['-chardev', `stdio,id=${PORT},signal=off`, '-device', 'virtio-serial-pci'],
    ...['-device', `virtserialport,chardev=${PORT},name=${PORT}`],
    // What its kernel has to say, and what the program says to its errors, goes to the log of the service.
    ...['-chardev', 'file,id=log,path=/dev/stderr,append=on', '-serial', 'chardev:log'],
    // A panic, which is also the end of its first process, ends the machine.
    ...['-append', `quiet console=ttyS0 panic=-1 ${parts} -- ${command.join(' ')}`],
  ]
  return { words, environment: {}, folders: [], files: [], missing: [] }
}

/** Nobody has run this here: Xen needs a host of its own. The console of the guest carries the envelopes. */
export function wrapInXen(confined: Confined, machine: Machine): Wrapping {
  const { name, isolation, limits, home, own, command } = confined
  const xl = machine.find('xl')
  if (xl === undefined || !machine.may('/proc/xen/privcmd'))
    return unwrapped(confined, 'this machine does not run under Xen, or this is not its first domain')
  const fault = commandFault(command)
  if (fault !== undefined) return unwrapped(confined, fault)
  const path = join(own, 'xen.cfg')
  const { kernel = '', initrd, disk } = isolation
  const lines = [
    `name = "runa-${name}"`,
    'type = "pv"',
    `kernel = "${resolve(home, kernel)}"`,
    ...(initrd === undefined ? [] : [`ramdisk = "${resolve(home, initrd)}"`]),
    ...(disk === undefined
      ? []
      : [`disk = ["format=raw,vdev=xvda,access=rw,target=${resolve(home, disk)}"]`]),
    `extra = "quiet panic=-1 console=hvc0 root=/dev/xvda rw init=/runa/init -- ${command.join(' ')}"`,
    `memory = ${memoryMiBOf(limits)}`,
    `vcpus = ${Math.max(1, Math.ceil(limits.processors ?? 1))}`,
    'vif = []',
    'on_poweroff = "destroy"',
    'on_crash = "destroy"',
  ]
  return {
    words: [xl, 'create', '-c', path],
    environment: {},
    folders: [{ path: own }],
    files: [{ path, text: `${lines.join('\n')}\n` }],
    missing: [],
  }
}

/** What its guest has. The limit holds for the emulator and the bridge as well. */
function memoryMiBOf({ memoryBytes }: Limits): number {
  const bytes = memoryBytes === undefined ? MEMORY_DEFAULT_BYTES : memoryBytes - AROUND_BYTES
  return Math.floor(Math.max(bytes, MEMORY_MIN_BYTES) / MEBIBYTE)
}

/** The kernel splits its command line at blanks, and knows quotes that programs do not. */
function commandFault(command: readonly string[]): string | undefined {
  if (!command.every((word) => /^[\w./:=@%+-]+$/.test(word)))
    return 'the command of a machine of its own may have letters, digits and ./:=@%+-_ only'
  if (command.join(' ').length > COMMAND_LINE_LENGTH_MAX)
    return 'the command is too long for the kernel of a machine of its own'
  return undefined
}
