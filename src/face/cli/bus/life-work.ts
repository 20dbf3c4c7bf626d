import { RunaError } from '#protocol'
import { plural, print, wholeNumber } from '../output.ts'
import { readDuration, readLabels, readStrength, readType } from './amounts.ts'
import { nothingAt, wordsOf } from './store-work.ts'
import { untilStopped } from './topic-work.ts'
import { labelsOf, maskOf } from './transfer.ts'
import { readValue } from './values.ts'
import type { VerbCall } from './verb.ts'

const COUNT_MAX = 2 ** 31
const THRESHOLD = '0.1'

export async function showType(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const wanted = call.words[1]
  const type = wanted === undefined ? undefined : readType(wanted)
  const { store } = await call.seat()
  if (type !== undefined && !store.setType(key, type)) throw nothingAt(key)
  const head = store.head(key)
  if (head === undefined) throw nothingAt(key)
  print({ key, type: head.type }, call.json, head.type)
}

export async function labelKey(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const maskFrom = (option: string) => {
    const typed = call.option(option)
    return typed === undefined ? 0n : maskOf(readLabels(`--${option}`, typed))
  }
  const change = { add: maskFrom('add'), remove: maskFrom('remove') }
  const { store } = await call.seat()
  if (store.head(key) === undefined) throw nothingAt(key)
  const labels = labelsOf(store.label(key, change))
  print({ key, labels }, call.json, labels.join(',') || 'no labels')
}

export async function orderedKeys(call: VerbCall): Promise<void> {
  const key = call.word(0)
  if (call.has('add')) {
    const value = await readValue(call, call.words[1])
    const { store } = await call.seat()
    const number = store.appendOrder(key, value, wordsOf(call))
    const made = number === 0 ? key : `${key}.${number}`
    return print({ key: made, number }, call.json, `Set ${made}: ${plural(value.length, 'byte')}.`)
  }
  if (call.words[1] !== undefined) throw new RunaError('BAD_INPUT', 'A value is taken with `--add` alone.')
  const { store } = await call.seat()
  const keys = store.orders(key)
  if (keys.length === 0) throw nothingAt(key)
  print({ key, keys }, call.json, keys.join('\n'))
}

export async function expireKey(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const timeToLiveMs = readDuration(call.word(1))
  const { store } = await call.seat()
  if (!store.expire(key, timeToLiveMs)) throw nothingAt(key)
  const expiresAt = store.head(key)?.expiresAt
  const until = expiresAt === undefined ? 'stays' : `is gone at ${new Date(expiresAt).toISOString()}`
  print({ key, expiresAt: expiresAt ?? null }, call.json, `${key} ${until}.`)
}

export async function decayKey(call: VerbCall): Promise<void> {
  const key = call.word(0)
  const halfLifeMs = readDuration(call.word(1))
  const threshold = readStrength('--threshold', call.option('threshold') ?? THRESHOLD)
  const { store } = await call.seat()
  if (!store.decay(key, halfLifeMs === undefined ? undefined : { halfLifeMs, threshold }))
    throw nothingAt(key)
  const text =
    halfLifeMs === undefined ? 'does not fade' : `fades by half in ${call.word(1)} unless it is used`
  const decay = halfLifeMs === undefined ? null : { halfLifeMs, threshold }
  print({ key, decay }, call.json, `${key} ${text}.`)
}

export async function touchKeys(call: VerbCall): Promise<void> {
  const { store } = await call.seat()
  for (const key of call.words) if (!store.touch(key)) throw nothingAt(key)
  print({ touched: call.words }, call.json, `Used: ${call.words.join(', ')}.`)
}

/** Tells of changes as they come, until Ctrl-C or `--count` of them. */
export async function watchKeys(call: VerbCall): Promise<void> {
  const selector = selectorOf(call)
  const count = call.option('count')
  const wanted = count === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--count', count, COUNT_MAX)
  const { store } = await call.seat()
  const ended = new AbortController()
  let told = 0
  const end = store.watch(selector, ({ key, what, version }) => {
    if (ended.signal.aborted) return
    print({ at: Date.now(), key, what, version: String(version) }, call.json, `${what} ${key}`)
    told += 1
    if (told >= wanted) ended.abort()
  })
  await untilStopped(AbortSignal.any([call.signal, ended.signal])).finally(end)
}

function selectorOf(call: VerbCall) {
  const [key] = call.words
  const prefix = call.option('prefix')
  const label = call.option('label')
  const given = [key, prefix, label].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw new RunaError('BAD_INPUT', 'Watch a key, a `--prefix` or a `--label`: one of them.')
  if (key !== undefined) return { key }
  if (prefix !== undefined) return { prefix }
  return { label: readLabels('--label', label ?? '')[0] ?? 0 }
}

/** As often as there is something to do: one call looks at a part of a large store. */
export async function sweepStore(call: VerbCall): Promise<void> {
  const { store } = await call.seat()
  const { expired, evicted, freedBlocks } = store.sweep()
  const text = `Past their time: ${expired}, faded: ${evicted}; ${plural(freedBlocks, 'block')} free again.`
  print({ expired, evicted, freedBlocks }, call.json, text)
}
