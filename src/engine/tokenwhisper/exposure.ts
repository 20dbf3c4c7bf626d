import type { Verdict } from '#protocol'

/**
 * How often each dimension was met in one conversation. It only counts, and decides nothing yet. Plain data, to be
 * kept beside the conversation; it has as many entries as the policies have dimensions.
 */
export interface Exposure {
  readonly counts: Readonly<Record<string, number>>
}

export const NO_EXPOSURE: Exposure = { counts: {} }

/** Exceptions do not count. */
export function addExposure(exposure: Exposure, verdicts: readonly Verdict[]): Exposure {
  const counts = new Map(Object.entries(exposure.counts))
  for (const { action, dimension } of verdicts) {
    if (action !== 'allow') counts.set(dimension, (counts.get(dimension) ?? 0) + 1)
  }
  return { counts: Object.fromEntries(counts) }
}
