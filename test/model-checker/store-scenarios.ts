import type { Scenario, Stage } from './explore.ts'
import { type Call, History, tell } from './history.ts'
import type { Meaning } from './linearisability.ts'
import type { Steps } from './runtime.ts'
import { ownerOf, SMALL_LAYOUT, type StageOptions, seatOf, segmentOver, setUp } from './stage.ts'

const STORE = 'kernel/splinter/store/value-store'
const PARTS = 'kernel/splinter/store/create-parts'

export interface StoreScript {
  readonly name: string
  /** Done before, by one that lives on. */
  readonly before?: readonly Call[]
  /** Of each participant. */
  readonly together: readonly (readonly Call[])[]
  /** Done after everything, by one that lives on. */
  readonly after: readonly Call[]
}

type StoreSteps = Readonly<Record<string, (...operands: unknown[]) => Steps>>

export async function storeScenario(script: StoreScript, options: StageOptions = {}): Promise<Scenario> {
  const layout = SMALL_LAYOUT
  const { memory, runtime, load } = await setUp([STORE, PARTS], layout.sizeBytes, options)
  const { createValueStore, createStoreParts } = { ...load(STORE), ...load(PARTS) } as Record<
    'createValueStore' | 'createStoreParts',
    (...all: unknown[]) => unknown
  >
  const protection = {
    seals: 'nothing',
    hasReadableKeys: true,
    sealFor: () => undefined,
    storedKey: (key: string) => Buffer.from(key),
  }
  const seat = (participant: number, stage: Stage): ((each: Call) => Steps) => {
    const segment = segmentOver(memory, layout)
    const { locks } = seatOf(participant, segment.words, stage)
    const parts = runtime.now(createStoreParts(segment, locks, protection))
    const store = runtime.now(createValueStore(parts, protection)) as StoreSteps
    return ({ name, operands }) => (store[name] as StoreSteps[string])(...operands)
  }
  const nobodyDied = { isDead: () => false }
  const past = new History()
  const first = seat(6, nobodyDied)
  for (const each of script.before ?? []) past.make(each, (made) => runtime.now(first(made)))
  memory.settle()
  return {
    name: script.name,
    memory,
    ownerOf,
    begin(stage) {
      const history = new History(past)
      return {
        participants: script.together.map((calls, index) => history.script(calls, seat(index, stage))),
        digest: () => history.digest(),
        check() {
          const survivor = seat(7, stage)
          for (const each of script.after) history.make(each, (made) => runtime.now(survivor(made)))
          return history.judge(STORE_MEANING)
        },
      }
    },
  }
}

/** What the store's calls mean: values as text, and the tokens of versions as they become known. */
interface StoreState {
  values: Record<string, string>
  /** How often each key was written or deleted, and which token was seen for which of these. */
  writes: Record<string, number>
  tokens: Record<string, string>
}

const STORE_MEANING: Meaning<Call, string> = {
  initial: JSON.stringify({ values: {}, writes: {}, tokens: {} } satisfies StoreState),
  apply(text, { name, operands }, result) {
    const state = JSON.parse(text) as StoreState
    const rule = RULES[name]
    if (!rule) throw new Error(`${name} has no meaning`)
    const given = rule(state, operands)
    const agrees =
      typeof given === 'function' ? result === undefined || given(result) : given === (result ?? given)
    return agrees ? JSON.stringify(state) : undefined
  },
}

type Rule = (state: StoreState, operands: readonly unknown[]) => string | ((result: string) => boolean)

function write({ values, writes }: StoreState, key: string, value: string | undefined): void {
  writes[key] = (writes[key] ?? 0) + 1
  if (value === undefined) delete values[key]
  else values[key] = value
}

const RULES: Readonly<Record<string, Rule>> = {
  get: ({ values }, [key]) => values[String(key)] ?? 'undefined',
  set(state, [key, value]) {
    write(state, String(key), tell(value))
    return 'undefined'
  },
  delete(state, [key]) {
    const was = String(key) in state.values
    if (was) write(state, String(key), undefined)
    return String(was)
  },
  load: ({ values }, [key]) => values[String(key)] ?? '0',
  add(state, [key, by]) {
    const sum = String(BigInt(state.values[String(key)] ?? '0') + (by as bigint))
    write(state, String(key), sum)
    return sum
  },
  append(state, [key, bytes]) {
    const joined = joinRuns(state.values[String(key)] ?? '', tell(bytes))
    write(state, String(key), joined)
    return String(lengthOf(joined))
  },
  list: ({ values }, [prefix = '']) =>
    Object.keys(values)
      .filter((key) => key.startsWith(String(prefix)))
      .sort()
      .join(),
}

function joinRuns(left: string, right: string): string {
  return tell(Buffer.from(spell(left) + spell(right), 'latin1'))
}

function spell(runs: string): string {
  return runs.replace(/(.)(\d+)\+?/gs, (_all, letter: string, count: string) => letter.repeat(Number(count)))
}

function lengthOf(runs: string): number {
  return spell(runs).length
}
