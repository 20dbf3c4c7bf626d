import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, toPrometheus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { wordedForPlace } from '../bus/place-words.ts'
import { type BusSession, createSession } from '../bus/session.ts'
import { print } from '../output.ts'
import { showBus, showHead } from '../scope/bus-page.ts'
import { showLive } from '../scope/live.ts'
import { checkTrace, passes } from '../scope/message-filter.ts'
import type { Page, ScopeOptions } from '../scope/options.ts'
import { describeMessage } from '../scope/tap-page.ts'
import { EVENTS_TOPIC, tapEvents, tapTopic } from '../scope/topic-tap.ts'
import { createTraces } from '../scope/trace-page.ts'
import { buildTrace, showTrace } from '../scope/trace-tree.ts'
import { compare } from '../scope/watching.ts'
import { withStopping } from '../stopping.ts'

const LOOK_MS = 1_000
/** Between the two looks of `--once`, so that there are rates to show. */
const ONCE_MS = 500
/** In plain lines: a screen reader reads each of them. */
const PLAIN_EVERY_MS = 10_000

/** Looks at a bus, and disturbs nobody on it: once, or on and on until `q` or Ctrl-C. */
export async function scope(page: Page, options: ScopeOptions): Promise<void> {
  checkTrace(options.trace)
  refuseContradiction(page, options)
  const session = createSession({ bus: options.bus, secretFile: options.secretFile }, 'scope')
  const look = async (signal: AbortSignal) => {
    // Where there is no bus, it is said before the screen is taken over.
    const bus = await session.seat()
    await show(session, bus, page, options, signal)
  }
  try {
    await withStopping(look)
  } catch (error) {
    throw wordedForPlace(error, session.place)
  } finally {
    session.close()
  }
}

/** Throws BAD_INPUT for what would go on and on where an end was asked for, or say one thing in two ways. */
export function refuseContradiction(
  page: Page,
  { once, prometheus, plain, json, topic }: ScopeOptions,
): void {
  const isOfBus = page === 'bus' && topic === undefined
  if ((once || prometheus) && !isOfBus) {
    throw new RunaError(
      'BAD_INPUT',
      '`--once` and `--prometheus` are of the page of the bus; a tap and traces go on.',
    )
  }
  if ([prometheus, json, plain].filter((one) => one === true).length > 1)
    throw new RunaError('BAD_INPUT', 'One of `--prometheus`, `--json` and `--plain` is enough.')
}

async function show(
  session: BusSession,
  bus: Bus,
  page: Page,
  options: ScopeOptions,
  signal: AbortSignal,
): Promise<void> {
  if (options.prometheus) process.stdout.write(toPrometheus(bus.statistics()))
  else if (options.topic === EVENTS_TOPIC) await tapEvents(bus, options, signal)
  else if (options.topic !== undefined) await tapTopic(bus, options.topic, options, signal)
  else if (page === 'bus' && (options.json || options.once)) await showOnce(bus, options.json, signal)
  else if (!options.json && !options.plain && isTerminal()) {
    const { stdin: input, stdout: output } = process
    await showLive(session, page, options, { input, output, signal })
  } else if (page === 'bus') await showPlainly(bus, signal)
  else if (page === 'tap') await tapPlainly(bus, options, signal)
  else await tracePlainly(bus, options, signal)
}

/** One whose lines can be written over: of a dumb one nothing is asked that it cannot do. */
function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && process.env['TERM'] !== 'dumb'
}

async function showOnce(bus: Bus, json: boolean, signal: AbortSignal): Promise<void> {
  const earlier = bus.statistics()
  await pause(ONCE_MS, signal)
  const later = bus.statistics()
  const view = compare(later, earlier)
  // What a program reads is counted from the beginning: it takes differences itself.
  const { troubles } = view
  print(
    { ...later, troubles },
    json,
    [showHead(later), '', ...showBus(view, process.stdout.columns)].join('\n'),
  )
}

/** One look after the other, without moving the cursor. */
async function showPlainly(bus: Bus, signal: AbortSignal): Promise<void> {
  let earlier = bus.statistics()
  await pause(LOOK_MS, signal)
  while (!signal.aborted) {
    const later = bus.statistics()
    print(
      undefined,
      false,
      [showHead(later), ...showBus(compare(later, earlier), process.stdout.columns), ''].join('\n'),
    )
    earlier = later
    await pause(PLAIN_EVERY_MS, signal)
  }
  throw new RunaError('CANCELLED', 'Stopped.')
}

async function tapPlainly(bus: Bus, options: ScopeOptions, signal: AbortSignal): Promise<void> {
  const end = bus.lookOn((message) => {
    if (passes(options, message)) print(message, options.json, describeMessage(message))
  })
  await hearUntilStopped(signal, end)
}

/** A trace is shown once nothing of it was heard for a while: then it has its end. */
async function tracePlainly(bus: Bus, options: ScopeOptions, signal: AbortSignal): Promise<void> {
  const traces = createTraces(options.trace)
  const end = bus.lookOn(traces.hear)
  await hearUntilStopped(signal, end, () => {
    for (const [trace, messages] of traces.takeQuiet(Date.now())) {
      const tree = buildTrace(trace, messages)
      print(tree, options.json, [...showTrace(tree), ''].join('\n'))
    }
  })
}

async function hearUntilStopped(signal: AbortSignal, end: () => void, eachSecond = () => {}): Promise<never> {
  try {
    while (!signal.aborted) {
      await pause(LOOK_MS, signal)
      eachSecond()
    }
  } finally {
    end()
  }
  throw new RunaError('CANCELLED', 'Stopped.')
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
