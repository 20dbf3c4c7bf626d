/** x86-64 keeps loads, and stores, in their order; ARM does not. */
export const isOrderedByItself = process.arch === 'x64'
/** Of this thread alone: what counts is the order that the access makes, not the value. */
const own = new Int32Array(new SharedArrayBuffer(64))

/**
 * Nothing that was read or written before it takes effect after it, nor the reverse: a read-and-write that is both
 * acquire and release is a full barrier in ARM's memory model (Arm Architecture Reference Manual, B2.3). For readers
 * between the copy and the check, for writers between the mark and the bytes.
 */
export function fence(): void {
  if (!isOrderedByItself) Atomics.add(own, 0, 1)
}
