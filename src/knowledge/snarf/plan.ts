import {
  type Dimension,
  dimensionSchema,
  type Level,
  type Mode,
  mannerSchema,
  type Profile,
  type Setting,
} from '#protocol'
import { stepFrom, wordsOf } from './dimensions.ts'
import { dateOf } from './features.ts'
import { learn } from './learned.ts'
import { CRISIS, MODES } from './modes.ts'
import type { Wish } from './wishes.ts'

/** What holds for one answer, beside the profile. */
export interface Moment {
  /** What the message to be answered asks for. */
  readonly wishes?: readonly Wish[]
  readonly mode?: Mode | undefined
  readonly crisis?: boolean
  /** Of the message to be answered. */
  readonly turn?: string | undefined
}

type Reason = Pick<Setting, 'level' | 'source' | 'reason' | 'day' | 'turn'>

export interface Resolved {
  readonly mode: Mode
  /** One for each dimension. */
  readonly settings: Setting[]
}

/** Safety before what was said, before the mode, before what was inferred, before the persona. Nothing is averaged. */
export function resolve(
  profile: Profile | undefined,
  { wishes = [], mode, crisis = false, turn }: Moment = {},
): Resolved {
  const asked = wishes.flatMap((wish) => (wish.kind === 'mode' ? [wish.mode] : [])).at(-1)
  const wanted = asked ?? mode ?? profile?.mode ?? 'default'
  const effective: Mode = crisis && wanted === 'playful' ? 'default' : wanted
  const learnt = crisis ? [] : learn(profile?.agreed === 'learning' ? profile.days : [])
  const standing = dimensionSchema.options.map((dimension): Setting => {
    const inferred = learnt.find((guess) => guess.dimension === dimension)
    const reason =
      explicit(profile, dimension) ??
      ofMode(effective, dimension) ??
      (inferred && { level: inferred.level, source: 'inferred' as const, reason: inferred.reason }) ??
      PERSONA
    return { dimension, ...reason, locked: profile?.said[dimension]?.locked ?? false }
  })
  const now = withoutPuns(standing.map((setting) => applyWishes(setting, wishes, turn)))
  return { mode: effective, settings: crisis ? now.map(calmed) : now }
}

const PERSONA: Reason = {
  level: 'usual',
  source: 'default',
  reason: 'Nobody has said otherwise: the persona decides.',
}

const HOW = {
  set: 'You set it on',
  words: 'You asked for it in a message on',
  lock: 'You locked it on',
} as const

function explicit(profile: Profile | undefined, dimension: Dimension): Reason | undefined {
  const [level, said] = [profile?.manner[dimension], profile?.said[dimension]]
  if (!level || !said) return undefined
  return { level, source: 'explicit', reason: `${HOW[said.how]} ${dateOf(said.day)}.`, ...evidenceOf(said) }
}

function evidenceOf({ day, turn }: { readonly day?: number; readonly turn?: string | undefined }) {
  return { ...(day !== undefined && { day }), ...(turn !== undefined && { turn }) }
}

function ofMode(mode: Mode, dimension: Dimension): Reason | undefined {
  const level = MODES[mode].manner[dimension]
  return level && { level, source: 'mode', reason: `It belongs to the mode '${mode}'.` }
}

function applyWishes(setting: Setting, wishes: readonly Wish[], turn: string | undefined): Setting {
  const wish = wishes.find(
    (candidate) => candidate.kind !== 'mode' && candidate.dimension === setting.dimension,
  )
  if (wish === undefined || wish.kind === 'mode') return setting
  const level = wish.kind === 'level' ? wish.level : stepFrom(setting.dimension, setting.level, wish.by)
  const once = setting.locked ? ' It is locked, so this holds for one answer.' : ''
  const reason = `You asked for it in this message.${once}`
  const { dimension, locked } = setting
  return { dimension, level, source: 'explicit', reason, ...evidenceOf({ turn }), locked }
}

/** Whoever wants words to mean what they say is not given jokes by a mode. */
function withoutPuns(settings: readonly Setting[]): Setting[] {
  const isLiteral = settings.some(
    ({ dimension, level }) => dimension === 'literalness' && level === 'literal',
  )
  return settings.map((setting) =>
    isLiteral && setting.dimension === 'humour' && setting.source === 'mode' && setting.level === 'some'
      ? {
          ...setting,
          level: 'none',
          reason: 'You want words to mean what they say, and that goes before the mode.',
        }
      : setting,
  )
}

function calmed(setting: Setting): Setting {
  const level = CRISIS[setting.dimension]
  // Asking nothing at all is calmer still.
  if (level === undefined || (setting.dimension === 'questions' && setting.level === 'none')) return setting
  return {
    ...{ dimension: setting.dimension, locked: setting.locked },
    level,
    source: 'safety',
    reason: 'Somebody may be in danger: calm and plain words go first.',
  }
}

const INTRODUCTION = `How this person likes to be answered. It is about the manner only: facts, warnings and sources stay as they are.
Where it differs from the manner asked for above, it goes first.`

/** Those settings that change something, and what to write at the end of a system prompt for them. */
export function writePlan({ mode, settings }: Resolved) {
  const { instruction, temperature } = MODES[mode]
  const changing = settings.filter(({ level, source }) => level !== 'usual' || source !== 'default')
  const lines = [
    ...changing.map((setting) => wordsOf(setting.dimension, setting.level).instruction),
    instruction,
  ]
  const said = lines.filter((line) => line !== '').map((line) => `- ${line}`)
  return {
    mode,
    settings: changing,
    instruction: said.length === 0 ? '' : [INTRODUCTION, ...said].join('\n'),
    sampling: temperature === undefined ? {} : { temperature },
  }
}

/** The profile after a person said how they want to be spoken to. Levels that are no level of their dimension throw. */
export function withLevels(
  profile: Profile,
  levels: { readonly [D in Dimension]?: Level | undefined },
  said: {
    readonly how: 'set' | 'words' | 'lock'
    readonly day: number
    readonly turn?: string | undefined
    readonly locked?: boolean
  },
): Profile {
  const named = dimensionSchema.options.filter((dimension) => levels[dimension] !== undefined)
  const wanted = Object.fromEntries(named.map((dimension) => [dimension, levels[dimension]]))
  const manner = mannerSchema.partial().parse({ ...profile.manner, ...wanted })
  const entries = named.map((dimension) => {
    const locked = said.locked ?? profile.said[dimension]?.locked ?? false
    return [dimension, { how: said.how, ...evidenceOf(said), locked }] as const
  })
  return { ...profile, manner, said: { ...profile.said, ...Object.fromEntries(entries) } }
}

/** The profile without what was said about these dimensions. */
export function withoutLevels(profile: Profile, dimensions: readonly Dimension[]): Profile {
  const kept = <Value>(fields: Partial<Record<Dimension, Value>>) =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !dimensions.includes(name as Dimension)))
  return { ...profile, manner: kept(profile.manner), said: kept(profile.said) }
}

/** `turn`: in which it was asked for, where it was not set on purpose. */
export function withMode({ modeTurn: _, ...profile }: Profile, mode: Mode, turn?: string): Profile {
  return { ...profile, mode, ...(turn !== undefined && { modeTurn: turn }) }
}
