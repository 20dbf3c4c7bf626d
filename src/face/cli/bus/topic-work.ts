import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus, Subscription, TopicOptions } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { harmless } from '../harmless.ts'
import { plural, print, wholeNumber } from '../output.ts'
import { readDuration } from './amounts.ts'
import { createFilter } from './filter.ts'
import { wordsOf } from './store-work.ts'
import { carry, preview, readValue } from './values.ts'
import type { VerbCall } from './verb.ts'

const COUNT_MAX = 2 ** 31
/** For a topic that is not there yet. */
const LOOK_EVERY_MS = 100

export async function publishMessage(call: VerbCall): Promise<void> {
  const name = call.word(0)
  const message = await readValue(call, call.words[1])
  const expires = call.option('expires')
  const timeToLiveMs = expires === undefined ? undefined : readDuration(expires)
  const bus = await call.seat()
  const topic = bus.topic(name, topicOptions(call, bus, name))
  const options = timeToLiveMs === undefined ? {} : { timeToLiveMs }
  await topic.publishWhenFree(message, { signal: call.signal, ...options })
  print(
    { topic: name, sizeBytes: message.length },
    call.json,
    `Published ${plural(message.length, 'byte')} on ${name}.`,
  )
}

/** A topic that is there stays as it was made; one that is not is made as was asked for. */
function topicOptions(call: VerbCall, bus: Bus, name: string): TopicOptions {
  const known = bus.statistics().topics.find((topic) => topic.name === name)
  return { lossless: known?.lossless ?? call.has('lossless'), ...wordsOf(call) }
}

/** Shows messages as they come, until Ctrl-C or `--count` of them. */
export async function tap(call: VerbCall): Promise<void> {
  const name = call.words[0]
  const count = call.option('count')
  const wanted = count === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--count', count, COUNT_MAX)
  const passes = createFilter(call.option('containing'), call.option('where'))
  const bus = await call.seat()
  const ended = new AbortController()
  let shown = 0

  function show(message: Uint8Array): void {
    if (ended.signal.aborted || !passes(message)) return
    const at = Date.now()
    print(
      { at, topic: name ?? '*', sizeBytes: message.length, ...carry(message) },
      call.json,
      preview(message),
    )
    shown += 1
    if (shown >= wanted) ended.abort()
  }

  const heard = await listen(call, bus, name, show)
  await untilStopped(AbortSignal.any([call.signal, ended.signal])).finally(heard.end)
  if (heard.lost > 0) process.stderr.write(`${plural(heard.lost, 'message')} came too fast to be shown.\n`)
  if (shown < wanted && call.signal.aborted) throw new RunaError('CANCELLED', `${shown} shown.`)
}

/** Unless it takes part, nobody waits for it, and it cannot be told from nobody. */
async function listen(
  call: VerbCall,
  bus: Bus,
  name: string | undefined,
  show: (message: Uint8Array) => void,
): Promise<Subscription> {
  if (name === undefined) {
    return { lost: 0, end: bus.overhear((envelope) => show(Buffer.from(JSON.stringify(envelope)))) }
  }
  if (call.has('all')) {
    return bus.topic(name, topicOptions(call, bus, name)).subscribe(show, { from: 'oldest' })
  }
  const isThere = () => bus.statistics().topics.some((topic) => topic.name === name)
  if (!isThere()) process.stderr.write(harmless(`There is no topic ${name} yet: waiting for it.\n`))
  while (!isThere()) {
    if (call.signal.aborted) throw new RunaError('CANCELLED', `Nobody has made the topic ${name}.`)
    await sleep(LOOK_EVERY_MS)
  }
  return bus.observe(name, wordsOf(call), show)
}

/** The seat keeps the process alive meanwhile. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
