import { RunaError } from '#protocol'
import { print } from '../output.ts'
import { carry, readValue, writeValue } from './values.ts'
import type { VerbCall } from './verb.ts'

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
  if (value === undefined) throw nothingAt(key)
  if (call.json) print({ key, sizeBytes: value.length, ...carry(value) }, true, '')
  else writeValue(call, value)
}

export async function setValue(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const value = await readValue(call, call.words[1])
  const { store } = await call.seat()
  store.set(key, value, wordsOf(call))
  print({ key, sizeBytes: value.length }, call.json, `Set ${key}: ${value.length} bytes.`)
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
  const { store } = await call.seat()
  const keys = store.list(call.words[0] ?? '')
  if (call.json) print({ keys }, true, '')
  else if (keys.length > 0) print(undefined, false, keys.join('\n'))
}
