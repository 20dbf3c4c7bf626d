import {
  type Access,
  atomic,
  decoderOf,
  encodeFor,
  isShared,
  pause,
  readBytes,
  startOf,
  type View,
  writeBytes,
} from './access.ts'

/** A function that has been taken apart: it yields each access, and is sent what that gives. */
export type Steps<Result = unknown> = Generator<Access, Result, unknown>

const STEPS_FUNCTION = Object.getPrototypeOf(function* () {}).constructor as new () => unknown

/** What transformed code calls in place of what stood there. */
export class Runtime {
  private readonly memory: ArrayBuffer
  /** Makes one access at once, for code that cannot stop between two of them. */
  private readonly perform: (access: Access) => unknown

  constructor(memory: ArrayBuffer, perform: (access: Access) => unknown) {
    this.memory = memory
    this.perform = perform
  }

  isShared(value: unknown): boolean {
    return isShared(value, this.memory)
  }

  isSteps(value: unknown): value is Steps {
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.prototype.toString.call(value) === '[object Generator]'
    )
  }

  now(value: unknown): unknown {
    if (!this.isSteps(value)) return isAccess(value) ? this.perform(value) : value
    let step = value.next()
    while (!step.done) step = value.next(this.perform(step.value))
    return step.value
  }

  atomic(name: string, view: View, index: number, ...operands: unknown[]): Access {
    if (this.isShared(view)) return atomic(name, view, index, operands)
    // The only use of private memory: to sleep for a while.
    if (name === 'wait') return pause()
    const native = Atomics as unknown as Record<string, (...all: unknown[]) => unknown>
    const result = native[name]?.(view, index, ...operands)
    return { ...pause(), kind: 'own', result: () => result }
  }

  read(view: View, index: number): Access {
    return {
      kind: 'read',
      start: startOf(view, index),
      length: view.BYTES_PER_ELEMENT,
      decode: decoderOf(view),
    }
  }

  write(view: View, index: number, value: unknown): Access {
    return { ...writeBytes(startOf(view, index), encodeFor(view, value)), result: () => value }
  }

  /** A method that may be one of an array in shared memory. */
  *bulk(object: unknown, name: string, operands: unknown[]): Steps {
    const [first] = operands
    if (this.isShared(object) || (ArrayBuffer.isView(object) && this.isShared(first))) {
      return yield* this.bulkOnMemory(object as Buffer, name, operands)
    }
    return yield* this.callNative(object, name, operands)
  }

  /** A method that calls its first operand, or its second. */
  *calling(object: unknown, name: string, operands: unknown[]): Steps {
    const [first, second] = operands
    if (name === 'from' && second instanceof STEPS_FUNCTION) {
      return yield* this.mapEach(Array.from(first as Iterable<unknown>), second as never)
    }
    if (!(first instanceof STEPS_FUNCTION)) return yield* this.callNative(object, name, operands)
    const items = [...(object as Iterable<unknown>)]
    const visit = first as unknown as (...all: unknown[]) => Steps
    if (name === 'sort') return (object as unknown[]).sort((a, b) => this.now(visit(a, b)) as number)
    if (name === 'reduce') {
      let sum = second
      for (const [index, item] of items.entries()) sum = yield* visit(sum, item, index)
      return sum
    }
    if (name === 'map' || name === 'flatMap' || name === 'forEach') {
      const results = yield* this.mapEach(items, visit)
      return name === 'flatMap' ? results.flat() : results
    }
    return yield* this.search(items, name, visit)
  }

  private *search(items: unknown[], name: string, visit: (...all: unknown[]) => Steps): Steps {
    const found: unknown[] = []
    for (const [index, item] of items.entries()) {
      const answer = Boolean(yield* visit(item, index))
      if (name === 'every' && !answer) return false
      if (!answer) continue
      if (name === 'some') return true
      if (name === 'find') return item
      if (name === 'findIndex') return index
      found.push(item)
    }
    if (name === 'filter') return found
    return name === 'some' ? false : name === 'every' ? true : name === 'findIndex' ? -1 : undefined
  }

  private *mapEach(items: unknown[], visit: (...all: unknown[]) => Steps): Steps<unknown[]> {
    const results: unknown[] = []
    for (const [index, item] of items.entries()) results.push(yield* visit(item, index))
    return results
  }

  private *callNative(object: unknown, name: string, operands: unknown[]): Steps {
    const target = object as Record<string, (...all: unknown[]) => unknown>
    const result = target[name]?.(...operands)
    return this.isSteps(result) ? yield* result : result
  }

  private *bulkOnMemory(bytes: Buffer, name: string, operands: unknown[]): Steps {
    const [first, second = 0, third = bytes.length] = operands as [unknown, number?, number?]
    switch (name) {
      case 'set':
        return yield* this.transfer(first as Buffer, 0, (first as Buffer).length, bytes, second)
      case 'copy': {
        const [target, at, from = 0, to = bytes.length] = operands as [Buffer, number, number?, number?]
        const length = Math.max(0, Math.min(to - from, bytes.length - from, target.length - at))
        return yield* this.transfer(bytes, from, length, target, at)
      }
      case 'copyWithin': {
        const content = yield* this.readAll(bytes, second, third - second)
        yield* this.writeAll(bytes, first as number, content)
        return bytes
      }
      case 'fill':
        return yield* this.writeAll(
          new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
          second * bytes.BYTES_PER_ELEMENT,
          filledWith(bytes, first, third - second),
        )
      case 'compare': {
        const other = first as Buffer
        const [, from = 0, to = other.length, at = 0, end = bytes.length] = operands as [Buffer, ...number[]]
        const right = yield* this.readAll(other, from, Math.max(0, to - from))
        return Buffer.compare(yield* this.readAll(bytes, at, Math.max(0, end - at)), right)
      }
      case 'toString':
        return (yield* this.readAll(bytes, second, third - second)).toString(first as BufferEncoding)
      case 'utf8Slice':
      case 'latin1Slice':
        return (yield* this.readAll(bytes, first as number, second - (first as number))).toString(
          name === 'utf8Slice' ? 'utf8' : 'latin1',
        )
      case 'slice':
        return yield* this.readAll(
          bytes,
          first as number,
          (operands.length > 1 ? second : bytes.length) - (first as number),
        )
      default:
        return yield* this.numberInBytes(bytes, name, operands as number[])
    }
  }

  private *numberInBytes(bytes: Buffer, name: string, operands: number[]): Steps {
    const width = /64|Double/.test(name) ? 8 : /32/.test(name) ? 4 : /16/.test(name) ? 2 : 1
    const own = Buffer.alloc(width)
    const native = own as unknown as Record<string, (...all: unknown[]) => unknown>
    if (name.startsWith('write')) {
      native[name]?.(operands[0], 0)
      return yield* this.writeAll(bytes, operands[1] ?? 0, own)
    }
    if (!name.startsWith('read')) throw new Error(`${name} of shared memory is not modelled`)
    own.set(yield* this.readAll(bytes, operands[0] ?? 0, width))
    return native[name]?.(0)
  }

  /** In two parts, so that a copy that is torn shows. */
  private *readAll(from: Uint8Array, start: number, length: number): Steps<Buffer> {
    if (!this.isShared(from)) return Buffer.from(from.buffer, from.byteOffset + start, length)
    if (length <= 0) return Buffer.alloc(0)
    const at = from.byteOffset + start
    if (length <= 4) return Buffer.from((yield readBytes(at, length)) as Uint8Array)
    const half = ((length >> 1) + 3) & ~3
    const first = (yield readBytes(at, half)) as Uint8Array
    return Buffer.concat([first, (yield readBytes(at + half, length - half)) as Uint8Array])
  }

  private *writeAll(to: Uint8Array, start: number, content: Uint8Array): Steps<undefined> {
    if (start < 0 || start + content.length > to.length) throw new RangeError('offset is out of bounds')
    if (!this.isShared(to)) {
      to.set(content, start)
      return
    }
    if (content.length === 0) return
    const at = to.byteOffset + start
    const half = content.length <= 4 ? content.length : ((content.length >> 1) + 3) & ~3
    yield writeBytes(at, content.slice(0, half))
    if (half < content.length) yield writeBytes(at + half, content.slice(half))
  }

  private *transfer(from: View, start: number, length: number, to: View, at: number): Steps {
    if (from.BYTES_PER_ELEMENT === 1 && to.BYTES_PER_ELEMENT === 1) {
      const content = yield* this.readAll(from as Uint8Array, start, length)
      yield* this.writeAll(to as Uint8Array, at, content)
      return length
    }
    for (let index = 0; index < length; index += 1) {
      const value = this.isShared(from) ? yield this.read(from, start + index) : from[start + index]
      if (this.isShared(to)) yield this.write(to, at + index, value)
      else (to as unknown as unknown[])[at + index] = value
    }
    return length
  }
}

/** So many elements of the kind that the array has. */
function filledWith(view: View, value: unknown, length: number): Uint8Array {
  return Buffer.concat(Array.from({ length: Math.max(0, length) }, () => encodeFor(view, value)))
}

function isAccess(value: unknown): value is Access {
  return typeof value === 'object' && value !== null && 'decode' in value && 'kind' in value
}
