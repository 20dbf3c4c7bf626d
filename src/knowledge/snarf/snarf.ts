import {
  type Agreement,
  type DayCounts,
  type Dimension,
  dimensionSchema,
  type Handlers,
  PROFILE_DAYS_MAX,
  PROFILE_TURNS_MAX,
  type Profile,
  RunaError,
  type snarfContract,
} from '#protocol'
import { asksOf, scaleOf, wordsOf } from './dimensions.ts'
import { addCounts, countMessage, dayOf } from './features.ts'
import { turnsIn, withoutTurns } from './forgetting.ts'
import { evidenceFor } from './learned.ts'
import { resolve, withLevels, withMode, withoutLevels, writePlan } from './plan.ts'
import { NEW_PROFILE } from './profile.ts'
import { createProfileStore, NO_STORE } from './profile-file.ts'
import { findWishes } from './wishes.ts'

export interface SnarfOptions {
  readonly nowMs?: () => number
  /** 32 bytes that the profile is sealed with on the disk. Without, it lies there in clear. */
  readonly key?: Uint8Array | undefined
  /** Whether a profile in clear may be from before they were sealed. Default: yes. */
  readonly takesClear?: boolean
  /** The profile on the disk is another one now. */
  readonly onChange?: () => void
}

type Operations = Handlers<typeof snarfContract>
type Input<Name extends keyof Operations> = Parameters<Operations[Name]>[0]

export interface Snarf {
  /** A sentence, where a damaged profile was set aside. */
  readonly fault: string | undefined
  agree(to: Agreement): Promise<void>
  /** `turn` is that of the message. */
  observe(message: string, turn?: string): Promise<{ changed: Dimension[]; counted: boolean }>
  profile(): ReturnType<typeof describe> & { kept: boolean }
  explain(dimension: Dimension): ReturnType<typeof explain>
  set(input: Input<'set'>): Promise<void>
  lock(dimensions: readonly Dimension[], locked: boolean): Promise<void>
  pause(paused: boolean): Promise<void>
  reset(input: Input<'reset'>): Promise<void>
  /** Takes out what came of these turns. */
  forget(turns: readonly string[]): Promise<void>
  /** Those that something came of. */
  turns(): string[]
  export(): Profile | null
  plan(input: Partial<Input<'plan'>>): ReturnType<typeof writePlan>
}

/**
 * How a person likes to be spoken to, kept in `folder`; without a folder nothing is kept. There is no file before they
 * agree. What a call changes is on the disk when it resolves; a call that rejects has changed nothing. One process at a
 * time may have it open.
 */
export async function openSnarf(folder: string | undefined, options: SnarfOptions = {}): Promise<Snarf> {
  const { nowMs = Date.now, onChange = () => {} } = options
  const today = () => dayOf(nowMs())
  const store = folder === undefined ? NO_STORE : createProfileStore(folder, options.key, options.takesClear)
  const read = await store.read()
  let profile = read.profile
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other, each on what the one before left. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }

  const change = (edit: (now: Profile | undefined) => Profile | undefined) =>
    inTurn(async () => {
      const next = edit(profile)
      if (next === profile || next === undefined) return
      await store.write(next)
      profile = next
      onChange()
    })

  const remove = () =>
    inTurn(async () => {
      await store.remove()
      profile = undefined
      onChange()
    })

  const changeAgreed = (edit: (now: Profile) => Profile) =>
    change((now) => {
      if (now === undefined) throw new RunaError('CONSENT_NEEDED')
      return edit(now)
    })

  return {
    fault: read.fault,
    agree: (to) => (to === 'nothing' ? remove() : change((now) => agreed(now, to))),
    async observe(message, turn) {
      let heard: ReturnType<typeof hear> | undefined
      await change((now) => {
        if (now === undefined || now.paused) return now
        heard = hear(now, message, { day: today(), turn })
        return heard.profile
      })
      return { changed: heard?.changed ?? [], counted: heard?.counted ?? false }
    },
    profile: () => ({ ...describe(profile), kept: store.keeps }),
    explain: (dimension) => explain(profile, dimension),
    set: ({ settings, mode }) =>
      changeAgreed((now) => {
        const next = withLevels(now, settings, { how: 'set', day: today() })
        return mode ? withMode(next, mode) : next
      }),
    lock: (dimensions, locked) => changeAgreed((now) => lockLevels(now, dimensions, locked, today())),
    pause: (paused) => changeAgreed((now) => ({ ...now, paused })),
    reset: (input) => change((now) => now && resetProfile(now, input)),
    forget: (turns) => change((now) => now && withoutTurns(now, turns)),
    turns: () => (profile ? turnsIn(profile) : []),
    export: () => profile ?? null,
    plan: ({ message, ...moment }) => {
      // A person who has not agreed is not read: only what the caller asks for itself holds.
      const isHeard = profile !== undefined && !profile.paused && message !== undefined
      return writePlan(resolve(profile, { ...moment, wishes: isHeard ? findWishes(message) : [] }))
    },
  }
}

const NOTHING_COUNTED: Pick<Profile, 'days' | 'turns'> = { days: [], turns: [] }

function agreed(now: Profile | undefined, to: 'settings' | 'learning'): Profile {
  const before = now ?? NEW_PROFILE
  const kept = to === 'learning' ? { days: before.days, turns: before.turns } : NOTHING_COUNTED
  return { ...before, agreed: to, ...kept }
}

function hear(now: Profile, message: string, { day, turn }: { day: number; turn?: string | undefined }) {
  const wishes = findWishes(message)
  const counts = now.agreed === 'learning' ? countMessage(message, day) : undefined
  const before = resolve(now)
  const { mode, settings } = resolve(now, { wishes })
  const changed = wishes.flatMap((wish) =>
    wish.kind === 'mode' || now.said[wish.dimension]?.locked ? [] : [wish.dimension],
  )
  const levels = settings.filter(({ dimension }) => changed.includes(dimension))
  const said = withLevels(now, Object.fromEntries(levels.map(({ dimension, level }) => [dimension, level])), {
    how: 'words',
    day,
    turn,
  })
  const isSame = changed.length === 0 && counts === undefined && mode === before.mode
  const moded = mode === before.mode ? said : withMode(said, mode, turn)
  const profile = isSame ? now : { ...moded, ...(counts && withCounts(now, counts, turn)) }
  return { profile, changed, counted: counts !== undefined }
}

function withCounts({ days, turns }: Profile, counts: DayCounts, turn: string | undefined) {
  const newDays = addCounts(days, counts, PROFILE_DAYS_MAX)
  const [first, last] = [newDays[0]?.day ?? 0, newDays.at(-1)?.day ?? counts.day]
  const { words, capitals, ended } = counts
  const added = { words, capital: capitals > 0, ended: ended > 0 }
  const own = turn === undefined ? [] : [{ turn, day: last, ...added }]
  const newTurns = [...turns.filter(({ day }) => day >= first), ...own].slice(-PROFILE_TURNS_MAX)
  return { days: newDays, turns: newTurns }
}

/** What is locked is what the person sees at that moment, wherever it came from. */
function lockLevels(now: Profile, dimensions: readonly Dimension[], locked: boolean, day: number): Profile {
  return resolve(now)
    .settings.filter(({ dimension }) => dimensions.includes(dimension))
    .reduce((profile, { dimension, level }) => {
      const said = profile.said[dimension]
      if (said === undefined && !locked) return profile
      return withLevels(
        profile,
        { [dimension]: level },
        { how: said?.how ?? 'lock', day: said?.day ?? day, turn: said?.turn, locked },
      )
    }, now)
}

function resetProfile(now: Profile, { what, dimensions }: Input<'reset'>): Profile {
  const named = dimensions.length > 0 ? dimensions : dimensionSchema.options
  const kept = what === 'learnt' ? now : withoutLevels(now, named)
  const isWhole = dimensions.length === 0
  const modeKept = what === 'learnt' || !isWhole
  const moded = modeKept ? kept : withMode(kept, 'default')
  return { ...moded, ...(what !== 'settings' && NOTHING_COUNTED) }
}

function describe(profile: Profile | undefined) {
  const { mode, settings } = resolve(profile)
  const agreed: Agreement = profile?.agreed ?? 'nothing'
  return { agreed, paused: profile?.paused ?? false, mode, settings, days: profile?.days.length ?? 0 }
}

function explain(profile: Profile | undefined, dimension: Dimension) {
  const setting = resolve(profile).settings.find((candidate) => candidate.dimension === dimension)
  if (setting === undefined)
    throw new RunaError('BAD_INPUT', `There is no dimension of the name ${dimension}.`)
  return {
    setting,
    asks: asksOf(dimension),
    scale: scaleOf(dimension).map(([level, { means }]) => ({ level, means })),
    instruction: wordsOf(dimension, setting.level).instruction,
    evidence: [...evidenceFor(dimension, profile?.days ?? [])],
  }
}
