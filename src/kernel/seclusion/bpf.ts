/**
 * An assembler for the filters of seccomp: classic BPF, as linux/filter.h and seccomp(2) have it. Each jump goes forward
 * to a label where its test holds, and on to the next line where it does not.
 */
export type BpfLine =
  | { readonly label: string }
  /** Takes 32 bits of what seccomp tells of a call: its number, the architecture, an argument. */
  | { readonly load: number }
  | { readonly when: 'equal' | 'atLeast' | 'anyBitOf'; readonly value: number; readonly goTo: string }
  | { readonly goTo: string }
  | { readonly give: number }

const LOAD_WORD = 0x20
const RETURN = 0x06
const JUMP = 0x05
const TESTS = { equal: 0x15, atLeast: 0x35, anyBitOf: 0x45 } as const

/** struct sock_filter: code, jt, jf, k. */
const INSTRUCTION_BYTES = 8
/** BPF_MAXINSNS. */
const INSTRUCTIONS_MAX = 4_096
/** Of a test: one byte. */
const DISTANCE_MAX = 255

/** Little-endian, as all machines are that Runa runs on. Throws RangeError for a label that is missing or too far away. */
export function assembleBpf(lines: readonly BpfLine[]): Buffer {
  const labels = new Map<string, number>()
  const instructions: Exclude<BpfLine, { label: string }>[] = []
  for (const line of lines) {
    if ('label' in line) labels.set(line.label, instructions.length)
    else instructions.push(line)
  }
  if (instructions.length > INSTRUCTIONS_MAX) throw new RangeError('The filter is too long.')
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_BYTES)

  function distance(label: string, from: number, max: number): number {
    const jump = (labels.get(label) ?? -1) - from - 1
    if (jump < 0 || jump > max) throw new RangeError(`There is no way from line ${from} to ${label}.`)
    return jump
  }

  instructions.forEach((line, index) => {
    const put = (code: number, ifTrue: number, value: number) => {
      const offset = index * INSTRUCTION_BYTES
      bytes.writeUInt16LE(code, offset)
      bytes.writeUInt8(ifTrue, offset + 2)
      bytes.writeUInt32LE(value, offset + 4)
    }
    if ('load' in line) put(LOAD_WORD, 0, line.load)
    else if ('give' in line) put(RETURN, 0, line.give)
    else if ('when' in line) put(TESTS[line.when], distance(line.goTo, index, DISTANCE_MAX), line.value)
    else put(JUMP, 0, distance(line.goTo, index, INSTRUCTIONS_MAX))
  })
  return bytes
}
