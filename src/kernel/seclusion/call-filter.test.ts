import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assembleBpf } from './bpf.ts'
import { assembleCallFilter } from './call-filter.ts'

const AUDIT_X64 = 0xc000003e
const ALLOWED = 0x7fff0000
const NOT_PERMITTED = 0x50000 | 1
const NO_SUCH_FAMILY = 0x50000 | 97
const NO_SUCH_CALL = 0x50000 | 38

interface Call {
  readonly number: number
  readonly architecture?: number
  readonly first?: number
  readonly second?: number
}

/** What the kernel would do: the few instructions that the assembler knows. */
function run(filter: Buffer, { number, architecture = AUDIT_X64, first = 0, second = 0 }: Call): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(number, 0)
  data.writeUInt32LE(architecture, 4)
  data.writeUInt32LE(first >>> 0, 16)
  data.writeUInt32LE(second >>> 0, 24)
  let accumulator = 0
  for (let at = 0; ; at += 1) {
    const code = filter.readUInt16LE(at * 8)
    const [ifTrue, value] = [filter.readUInt8(at * 8 + 2), filter.readUInt32LE(at * 8 + 4)]
    if (code === 0x20) accumulator = data.readUInt32LE(value)
    else if (code === 0x06) return value
    else if (code === 0x05) at += value
    else if (code === 0x15) at += accumulator === value ? ifTrue : 0
    else if (code === 0x35) at += accumulator >= value ? ifTrue : 0
    else if (code === 0x45) at += accumulator & value ? ifTrue : 0
    else assert.fail(`no instruction has the code ${code}`)
  }
}

const filterOf = (network: boolean) =>
  assembleCallFilter('x64', { sockets: network ? 'any' : 'files' }) ?? assert.fail('no filter')

test('calls into others and into the kernel are refused, and what programs need is not', () => {
  const filter = filterOf(true)
  for (const number of [101, 165, 250, 321, 323, 298, 246, 272, 425, 438])
    assert.equal(run(filter, { number }), NOT_PERMITTED, String(number))
  for (const number of [0, 1, 9, 41, 56, 59, 202, 231, 257, 302, 319])
    assert.equal(run(filter, { number }), ALLOWED, String(number))
  assert.equal(run(filter, { number: 435 }), NO_SUCH_CALL)
})

test('another interface of the kernel is no way around it', () => {
  const filter = filterOf(true)
  assert.equal(run(filter, { number: 1, architecture: 0x40000003 }), NOT_PERMITTED)
  assert.equal(run(filter, { number: 0x40000001 }), NOT_PERMITTED)
})

test('a new user and words into a terminal are refused by their arguments', () => {
  const filter = filterOf(true)
  assert.equal(run(filter, { number: 56, first: 0x10000011 }), NOT_PERMITTED)
  assert.equal(run(filter, { number: 56, first: 0x3d0f00 }), ALLOWED)
  assert.equal(run(filter, { number: 16, second: 0x5412 }), NOT_PERMITTED)
  assert.equal(run(filter, { number: 16, second: 0x5401 }), ALLOWED)
})

test('without the network there are no sockets but those of files', () => {
  const filter = filterOf(false)
  assert.equal(run(filter, { number: 41, first: 1 }), ALLOWED)
  for (const family of [2, 10, 16, 17, 40]) {
    assert.equal(run(filter, { number: 41, first: family }), NO_SUCH_FAMILY)
    assert.equal(run(filterOf(true), { number: 41, first: family }), ALLOWED)
  }
})

test('where there are to be no sockets at all, pairs of them are still to be had', () => {
  const filter = assembleCallFilter('x64', { sockets: 'none' }) ?? assert.fail('no filter')
  for (const family of [1, 2, 10, 16])
    assert.equal(run(filter, { number: 41, first: family }), NO_SUCH_FAMILY)
  // socketpair: pipes to children.
  assert.equal(run(filter, { number: 53, first: 1 }), ALLOWED)
})

test('on arm64 the same calls are refused by their numbers there', () => {
  const filter = assembleCallFilter('arm64', { sockets: 'files' }) ?? assert.fail('no filter')
  const architecture = 0xc00000b7
  const on = (number: number, first = 0, second = 0) => run(filter, { number, architecture, first, second })
  // ptrace, mount, keyctl, bpf, userfaultfd, perf_event_open, kexec_load, unshare, chroot, pidfd_getfd
  for (const number of [117, 40, 219, 280, 282, 241, 104, 97, 51, 438])
    assert.equal(on(number), NOT_PERMITTED, String(number))
  // read, write, openat, mmap, futex, execve, exit_group, memfd_create, socketpair, prctl
  for (const number of [63, 64, 56, 222, 98, 221, 94, 279, 199, 167])
    assert.equal(on(number), ALLOWED, String(number))
  assert.equal(on(435), NO_SUCH_CALL)
  assert.deepEqual([on(220, 0x10000011), on(220, 0x3d0f00)], [NOT_PERMITTED, ALLOWED])
  assert.deepEqual([on(29, 0, 0x5412), on(29, 0, 0x5401)], [NOT_PERMITTED, ALLOWED])
  assert.deepEqual([on(198, 1), on(198, 2)], [ALLOWED, NO_SUCH_FAMILY])
  assert.equal(run(filter, { number: 63, architecture: AUDIT_X64 }), NOT_PERMITTED)
})

test('an architecture whose numbers are not known has no filter', () => {
  assert.equal(assembleCallFilter('riscv64', { sockets: 'none' }), undefined)
  assert.ok(assembleCallFilter('arm64', { sockets: 'none' }))
})

test('whatever numbers are denied, those are denied and no others', () => {
  const numbers = fc.uniqueArray(fc.nat(1_000), { maxLength: 200 })
  fc.assert(
    fc.property(numbers, fc.nat(1_000), (denied, asked) => {
      const filter = assembleBpf([
        { load: 0 },
        ...denied.map((value) => ({ when: 'equal', value, goTo: 'no' }) as const),
        { give: 1 },
        { label: 'no' },
        { give: 2 },
      ])
      assert.equal(run(filter, { number: asked }), denied.includes(asked) ? 2 : 1)
    }),
  )
})

test('a label that is missing, behind, or too far away is a fault of the program', () => {
  const far = Array.from({ length: 256 }, () => ({ give: 0 }))
  const test = { when: 'equal', value: 0, goTo: 'there' } as const
  assert.throws(() => assembleBpf([test]), RangeError)
  assert.throws(() => assembleBpf([{ label: 'there' }, test]), RangeError)
  assert.throws(() => assembleBpf([test, ...far, { label: 'there' }, { give: 0 }]), RangeError)
})
