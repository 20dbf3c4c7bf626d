import type { KeyHead, Store, ValueType } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { harmlessLine } from '../harmless.ts'
import { formatTable, plural, print } from '../output.ts'
import { readChoice, readDuration, readInteger, readLabels, readType } from './amounts.ts'
import { labelsOf, maskOf } from './transfer.ts'
import { carry, readValue, writeValue } from './values.ts'
import type { VerbCall } from './verb.ts'

const OPERATIONS = ['add', 'and', 'or', 'xor', 'not'] as const

/** Which words the value is, if any. */
export function wordsOf(call: VerbCall): { readonly words?: string } {
  const words = call.option('words')
  return words === undefined ? {} : { words }
}

export function nothingAt(key: string): RunaError {
  return new RunaError('KEY_ABSENT', `There is nothing under '${key}'.`)
}

export async function getValue(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const { store } = await call.seat()
  const value = store.get(key, wordsOf(call))
  const head = store.head(key)
  if (value === undefined || head === undefined) throw nothingAt(key)
  const shown = head.type === 'integer' ? Buffer.from(String(store.load(key))) : value
  if (!call.json) return writeValue(call, shown)
  const known = { key, type: head.type, version: String(head.version), sizeBytes: value.length }
  print({ ...known, ...(head.type === 'integer' ? { integer: String(shown) } : carry(value)) }, true, '')
}

export async function setValue(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const options = { ...wordsOf(call), ...lasting(call) }
  const version = call.option('ifVersion')
  const expected = version === undefined ? undefined : readInteger(version)
  const value = await readValue(call, call.words[1])
  const { store } = await call.seat()
  if (expected === undefined) store.set(key, value, options)
  else if (!store.compareAndSet(key, expected, value, options)) throw changedMeanwhile(store, key)
  const is = { key, sizeBytes: value.length, version: String(store.head(key)?.version ?? 0n) }
  print(is, call.json, `Set ${key}: ${plural(value.length, 'byte')}.`)
}

function lasting(call: VerbCall): { readonly type?: ValueType; readonly timeToLiveMs?: number } {
  const type = call.option('type')
  const lasts = call.option('lasts')
  const timeToLiveMs = lasts === undefined ? undefined : readDuration(lasts)
  return {
    ...(type === undefined ? {} : { type: readType(type) }),
    ...(timeToLiveMs === undefined ? {} : { timeToLiveMs }),
  }
}

function changedMeanwhile(store: Store, key: string): RunaError {
  const now = store.head(key)
  const is = now ? `has version ${now.version}` : 'is not there'
  return new RunaError('VERSION_CONFLICT', `'${key}' ${is} by now. Nothing was set.`)
}

export async function appendValue(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const value = await readValue(call, call.words[1])
  const { store } = await call.seat()
  const sizeBytes = store.append(key, value)
  print({ key, sizeBytes }, call.json, `${key} has ${plural(sizeBytes, 'byte')} now.`)
}

export async function deleteKeys(call: VerbCall): Promise<void> {
  const { store } = await call.seat()
  const deleted = call.words.filter((key) => store.delete(key))
  const absent = call.words.filter((key) => !deleted.includes(key))
  const text = [
    ...deleted.map((key) => `Deleted ${key}.`),
    ...absent.map((key) => `There was nothing under ${key}.`),
  ]
  print({ deleted, absent }, call.json, text.join('\n'))
}

export async function listKeys(call: VerbCall): Promise<void> {
  const prefix = call.words[0] ?? ''
  const labels = call.option('labels')
  const mask = labels === undefined ? undefined : maskOf(readLabels('--labels', labels))
  const { store } = await call.seat()
  const match = call.has('any') ? 'any' : 'all'
  const keys =
    mask === undefined
      ? store.list(prefix)
      : store.labelled(mask, match).filter((key) => key.startsWith(prefix))
  if (call.has('long')) return showKeys(call, store, keys)
  if (call.json) print({ keys }, true, '')
  else if (keys.length > 0) print(undefined, false, keys.map(harmlessLine).join('\n'))
}

export async function showHeads(call: VerbCall): Promise<void> {
  const { store } = await call.seat()
  const absent = call.words.find((key) => store.head(key) === undefined)
  if (absent !== undefined) throw nothingAt(absent)
  showKeys(call, store, call.words)
}

/** A key that goes meanwhile is left out. */
function showKeys(call: VerbCall, store: Store, keys: readonly string[]): void {
  const heads = keys.flatMap((key) => {
    const head = store.head(key)
    return head ? [{ key, head }] : []
  })
  const title = ['KEY', 'TYPE', 'BYTES', 'VERSION', 'WRITES', 'LABELS', 'ORDERS', 'UNTIL', 'STRENGTH']
  const rows = heads.map(({ key, head }) => rowOf(key, head))
  const listed = heads.map(({ key, head }) => {
    return { key, ...head, version: String(head.version), labels: labelsOf(head.labels) }
  })
  print({ keys: listed }, call.json, formatTable([title, ...rows]))
}

function rowOf(key: string, head: KeyHead): string[] {
  const { type, sizeBytes, version, writes, labels, orders, expiresAt, strength } = head
  return [
    key,
    type,
    String(sizeBytes),
    String(version),
    String(writes),
    labelsOf(labels).join(',') || '-',
    String(orders),
    expiresAt === undefined ? '-' : new Date(expiresAt).toISOString(),
    strength === undefined ? '-' : strength.toFixed(3),
  ]
}

export async function calculate(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const [, operation, typed] = call.words
  const { store } = await call.seat()
  const number = operation === undefined ? shownNumber(store, key) : change(store, key, operation, typed)
  print({ key, number: String(number) }, call.json, String(number))
}

function shownNumber(store: Store, key: string): bigint {
  if (store.head(key) === undefined) throw nothingAt(key)
  return store.load(key)
}

function change(store: Store, key: string, operation: string, typed: string | undefined): bigint {
  const known = readChoice('An operation', operation, OPERATIONS)
  if (known === 'not') {
    if (typed === undefined) return store.not(key)
    throw new RunaError('BAD_INPUT', '`not` takes no number. Expected: math <key> not')
  }
  if (typed === undefined) {
    throw new RunaError('BAD_INPUT', `A number was expected: math <key> ${known} <number>`)
  }
  return store[known](key, readInteger(typed))
}
