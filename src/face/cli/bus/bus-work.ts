import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { arch } from 'node:os'
import {
  type Bus,
  type BusOptions,
  createBus,
  destroyBus,
  KEY_STYLES,
  SCRUBS,
  WHEN_FULL,
} from '#kernel/splinter'
import { RunaError } from '#protocol'
import { formatMemory, formatTable, print, wholeNumber } from '../output.ts'
import { readChoice, readSize } from './amounts.ts'
import { writeNamedFile } from './files.ts'
import { readSecret } from './session.ts'
import type { VerbCall } from './verb.ts'

const SECRET_BYTES = 32
const COUNT_MAX = 2 ** 22

export function initBus(call: VerbCall): void {
  const path = namedPath(call)
  if (existsSync(path) && !call.has('replace')) {
    throw new RunaError('BAD_INPUT', `There is a file at ${path} already. \`--replace\` throws away a bus.`)
  }
  const options = { path, ...sizes(call), ...privacy(call), persistent: call.has('persistent') }
  // Whether the new one is to last is said, or a bus that was to last stays.
  const { persistent: lasts, ...others } = options
  createBus({ ...others, replace: call.has('replace'), ...(lasts ? { persistent: true } : {}) })
  const { seals = 'nothing', keys = 'plain', persistent } = options
  const sizeBytes = statSync(path).size
  print(
    { path, sizeBytes, seals, keys, persistent },
    call.json,
    `Made a bus at ${path}, ${formatMemory(sizeBytes)}.`,
  )
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
  const [size, store] = [call.option('size'), call.option('store')]
  const [members, slots, whenFull] = [call.option('members'), call.option('slots'), call.option('whenFull')]
  return {
    ...(size === undefined ? {} : { sizeBytes: readSize('--size', size) }),
    ...(store === undefined ? {} : { storeBytes: readSize('--store', store) }),
    ...(members === undefined ? {} : { membersMax: wholeNumber('--members', members, COUNT_MAX) }),
    ...(slots === undefined ? {} : { slotsMax: wholeNumber('--slots', slots, COUNT_MAX) }),
    ...(whenFull === undefined ? {} : { whenFull: readChoice('--when-full', whenFull, WHEN_FULL) }),
  }
}

function privacy(call: VerbCall): Partial<BusOptions> {
  const keys = readChoice('--keys', call.option('keys') ?? 'plain', KEY_STYLES)
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
  writeNamedFile(path, secret, false)
  return secret
}

export async function configure(call: VerbCall): Promise<void> {
  const [setting, value] = call.words
  if (setting !== undefined && setting !== 'scrub')
    throw new RunaError('BAD_INPUT', `'${setting}' cannot be changed while a bus is used: only scrub can.`)
  const wanted = value === undefined ? undefined : readChoice('scrub', value, SCRUBS)
  const { store } = await call.seat()
  if (wanted !== undefined) store.scrub = wanted
  print({ scrub: store.scrub }, call.json, `scrub: ${store.scrub}`)
}

export async function showCapabilities(call: VerbCall): Promise<void> {
  const bus = await call.seat()
  const capabilities = { path: bus.path, limits: bus.limits, store: bus.store.figures(), runtime: runtime() }
  print(capabilities, call.json, formatTable(rowsOf(bus)))
}

function rowsOf(bus: Bus): string[][] {
  const figures = { ...bus.limits, ...bus.store.figures(), ...runtime() }
  const rows = Object.entries(figures).map(([name, value]) => {
    const isSize = name.endsWith('Bytes') || name.endsWith('BytesMax')
    return [inWords(name), isSize ? formatMemory(Number(value)) : String(value)]
  })
  return [['bus', bus.path], ...rows]
}

/** `valueBytesMax` → `value, most`. */
function inWords(name: string): string {
  const words = name.replace(/Bytes/, '').replaceAll(/([A-Z])/g, ' $1')
  return words
    .toLowerCase()
    .replace(/ max$/, ', most')
    .replace(/^(.*) max /, '$1 ')
}

function runtime() {
  const { deno, bun, node } = process.versions as Record<string, string | undefined>
  const name = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`
  return { runtime: name, machine: arch(), wakesBy: deno ? 'a thread' : 'the event loop' }
}
