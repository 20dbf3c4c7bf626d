import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** As many digits as the largest number of 256 bits has. */
const SECRET_DIGITS = 43

/** 256 bits, random ones unless given, in letters and digits only, so that a double click selects the whole. */
export function createSecret(bytes: Buffer = randomBytes(32)): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let digits = ''
  for (let count = 0; count < SECRET_DIGITS; count += 1) {
    digits = `${BASE62[Number(rest % 62n)]}${digits}`
    rest /= 62n
  }
  return digits
}

export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** Takes as long whatever differs: how much of a guess was right must not show in the time. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other))
}
