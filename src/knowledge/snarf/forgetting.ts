import { isDeepStrictEqual } from 'node:util'
import { type DayCounts, dimensionSchema, type Profile, type TurnCounts } from '#protocol'
import { addCounts, dayOf } from './features.ts'
import { withMode, withoutLevels } from './plan.ts'

/** Those that something in the profile came of. */
export function turnsIn({ turns, said, modeTurn }: Profile): string[] {
  const asked = [modeTurn, ...dimensionSchema.options.map((dimension) => said[dimension]?.turn)]
  return [...new Set([...turns.map(({ turn }) => turn), ...asked.filter((turn) => turn !== undefined)])]
}

/**
 * The profile as if these turns had never been. Where it is not known what a turn added to the counts of its day, since
 * it is too old for that, all counts of the day go that nobody knows the origin of. The same profile where nothing came
 * of them.
 */
export function withoutTurns(profile: Profile, forgotten: readonly string[]): Profile {
  const next = withoutWishes(withoutCounts(profile, new Set(forgotten)), new Set(forgotten))
  return isDeepStrictEqual(next, profile) ? profile : next
}

function withoutCounts(profile: Profile, forgotten: ReadonlySet<string>): Profile {
  const turns = profile.turns.filter(({ turn }) => !forgotten.has(turn))
  const isCounted = new Set(profile.turns.map(({ turn }) => turn))
  const doubtful = new Set([...forgotten].filter((turn) => !isCounted.has(turn)).map(dayOfTurn))
  const touched = new Set(profile.turns.filter(({ turn }) => forgotten.has(turn)).map(({ day }) => day))
  const days = profile.days.flatMap((counts) => {
    const { day } = counts
    if (!touched.has(day) && !doubtful.has(day)) return [counts]
    const unknown = doubtful.has(day) ? [] : [unknownPart(counts, profile.turns)]
    return [...unknown, ...turns.filter((turn) => turn.day === day).map(countsOf)]
      .filter((one) => one !== undefined)
      .reduce((sum: DayCounts[], one) => addCounts(sum, one, 1), [])
  })
  return { ...profile, days, turns }
}

/** What was counted on that day, less all that is known by its turn. */
function unknownPart(counts: DayCounts, turns: readonly TurnCounts[]): DayCounts | undefined {
  const known = turns.filter(({ day }) => day === counts.day).map(countsOf)
  const less = (field: Exclude<keyof DayCounts, 'day'>) =>
    Math.max(
      0,
      known.reduce((left, one) => left - one[field], counts[field]),
    )
  const messages = less('messages')
  if (messages === 0) return undefined
  return {
    ...{ day: counts.day, messages, words: less('words'), logWords: less('logWords') },
    ...{ capitals: less('capitals'), ended: less('ended') },
  }
}

function countsOf({ day, words, capital, ended }: TurnCounts): DayCounts {
  return {
    ...{ day, messages: 1, words, logWords: Math.log(1 + words) },
    ...{ capitals: capital ? 1 : 0, ended: ended ? 1 : 0 },
  }
}

/** What a turn asked for goes with it, unless the person has locked it since: that was on purpose. */
function withoutWishes(profile: Profile, forgotten: ReadonlySet<string>): Profile {
  const isFrom = (turn: string | undefined) => turn !== undefined && forgotten.has(turn)
  const asked = dimensionSchema.options.filter((dimension) => isFrom(profile.said[dimension]?.turn))
  const gone = asked.filter((dimension) => !profile.said[dimension]?.locked)
  const kept = withoutLevels(profile, gone)
  const said = Object.fromEntries(
    Object.entries(kept.said).map(([dimension, { turn, ...entry }]) => [
      dimension,
      { ...entry, ...(turn !== undefined && !isFrom(turn) && { turn }) },
    ]),
  )
  return { ...(isFrom(kept.modeTurn) ? withMode(kept, 'default') : kept), said }
}

/** Of turns that were given their id by Runa: the first 48 bits of a UUID of version 7 are its time. */
function dayOfTurn(turn: string): number {
  return dayOf(Number.parseInt(turn.replaceAll('-', '').slice(0, 12), 16))
}
