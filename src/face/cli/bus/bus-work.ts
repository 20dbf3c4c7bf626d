import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { type BusOptions, createBus, destroyBus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { formatBytes, print, wholeNumber } from '../output.ts'
import { readSecret } from './session.ts'
import type { VerbCall } from './verb.ts'

const SIZE_BYTES_MAX = 4 * 2 ** 30 - 4_096
const SECRET_BYTES = 32
const KEY_STYLES = ['plain', 'hashed', 'uuid'] as const

export function initBus(call: VerbCall): void {
  const path = namedPath(call)
  if (existsSync(path) && !call.has('replace')) {
    throw new RunaError('BAD_INPUT', `There is a bus at ${path} already. \`--replace\` throws it away.`)
  }
  const options = { path, ...sizes(call), ...privacy(call) }
  createBus(options)
  const { sizeBytes, seals = 'nothing', keys = 'plain' } = options
  const size = sizeBytes === undefined ? '' : `, ${formatBytes(sizeBytes)}`
  print({ path, sizeBytes, seals, keys }, call.json, `Made a bus at ${path}${size}.`)
}

export function destroyThisBus(call: VerbCall): void {
  const path = namedPath(call)
  if (!existsSync(path)) throw new RunaError('FILE_NOT_FOUND', `There is no bus at ${path}.`)
  if (!call.has('yes'))
    throw new RunaError('BAD_INPUT', `Everything on ${path} would be gone: add \`--yes\`.`)
  destroyBus(path)
  print({ destroyed: path }, call.json, `Removed ${path}.`)
}

/** Runa makes and removes its own bus itself. */
function namedPath({ place }: VerbCall): string {
  if (place.bus !== undefined) return place.bus
  throw new RunaError('BAD_INPUT', 'Which bus is meant? Name its file with `--bus PATH`.')
}

function sizes(call: VerbCall): Partial<BusOptions> {
  const size = call.option('size')
  const members = call.option('members')
  return {
    ...(size === undefined ? {} : { sizeBytes: readSize('--size', size) }),
    ...(members === undefined ? {} : { membersMax: wholeNumber('--members', members, 1_024) }),
  }
}

/** `4096`, `64K`, `8M`, `1G`: in powers of 1,024, as memory is measured. Throws BAD_INPUT. */
export function readSize(option: string, text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,10})([KMG]?)$/i.exec(text) ?? []
  const power = ['', 'K', 'M', 'G'].indexOf(unit.toUpperCase())
  const sizeBytes = Number(count) * 1_024 ** power
  if (count !== '' && sizeBytes <= SIZE_BYTES_MAX) return sizeBytes
  throw new RunaError(
    'BAD_INPUT',
    `${option} takes a size such as 65536, 64K or 8M, below 4G, and not '${text}'.`,
  )
}

function privacy(call: VerbCall): Partial<BusOptions> {
  const keys = KEY_STYLES.find((style) => style === (call.option('keys') ?? 'plain'))
  if (!keys) throw new RunaError('BAD_INPUT', `--keys takes one of: ${KEY_STYLES.join(', ')}.`)
  const seals = call.has('seal') ? 'everything' : 'nothing'
  if (seals === 'nothing' && keys !== 'hashed') return { keys }
  const { secretFile } = call.place
  if (secretFile === undefined)
    throw new RunaError('BAD_INPUT', 'A bus that seals or hides its keys needs `--secret-file PATH`.')
  return { keys, seals, secret: existsSync(secretFile) ? readSecret(secretFile) : makeSecret(secretFile) }
}

/** Nobody else's from its first moment. */
function makeSecret(path: string): Buffer {
  const secret = randomBytes(SECRET_BYTES)
  writeFileSync(path, secret, { mode: 0o600, flag: 'wx' })
  return secret
}
