import { RunaError } from '#protocol'

/** Of a key: numbered from 0, in one word of 64 bits. */
const LABELS_MAX = 64

/** Which of the labels of a mask a key has to have. */
export type LabelMatch = 'all' | 'any'

const WORD = 0xffff_ffffn

/** Throws BAD_INPUT for what is no mask of 64 bits. */
export function checkMask(mask: bigint): bigint {
  if (typeof mask === 'bigint' && mask >= 0n && mask < 1n << BigInt(LABELS_MAX)) return mask
  throw new RunaError('BAD_INPUT', `A mask of labels is a bigint of ${LABELS_MAX} bits; ${mask} is not.`)
}

/** Throws BAD_INPUT for a label that there is not. */
export function checkLabel(label: number): number {
  if (Number.isInteger(label) && label >= 0 && label < LABELS_MAX) return label
  throw new RunaError('BAD_INPUT', `Labels are numbered 0 to ${LABELS_MAX - 1}; there is no label ${label}.`)
}

/** As the store keeps it, in the signed numbers of memory. */
export function toSigned(mask: bigint): bigint {
  return BigInt.asIntN(LABELS_MAX, mask)
}

export function toMask(signed: bigint): bigint {
  return BigInt.asUintN(LABELS_MAX, signed)
}

/** A mask in two words, so that a search over many keys makes no numbers of 64 bits. */
export interface MaskHalves {
  readonly low: number
  readonly high: number
}

export function halvesOf(mask: bigint): MaskHalves {
  return { low: Number(mask & WORD) | 0, high: Number(mask >> 32n) | 0 }
}

/** A mask of no labels: all keys have all of them, none has any. */
export function hasLabels(low: number, high: number, wanted: MaskHalves, match: LabelMatch): boolean {
  const commonLow = low & wanted.low
  const commonHigh = high & wanted.high
  if (match === 'any') return (commonLow | commonHigh) !== 0
  return commonLow === wanted.low && commonHigh === wanted.high
}
