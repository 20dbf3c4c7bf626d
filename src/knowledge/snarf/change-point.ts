export interface Sample {
  readonly value: number
  /** Of the noise in it. */
  readonly variance: number
}

export interface Prior {
  readonly mean: number
  readonly variance: number
}

export interface Estimate {
  readonly mean: number
  /** 0 to 1: how much of what one sees in `mean` is the person, and not the days that happened to be looked at. */
  readonly reliability: number
  /** The last samples, which are taken to come from one habit. */
  readonly run: number
}

/** One habit in 250 samples changes. */
const HAZARD = 1 / 250

/**
 * Where the last habit began and what it is, by Bayesian online change-point detection (Adams and MacKay, 2007) with
 * normal noise of known variance and a normal prior. After a change the run is short and the estimate close to the prior,
 * until there is evidence again. Reliability, 1 - posterior / prior variance, is the formula of Spearman and Brown (1910).
 */
export function estimate(samples: readonly Sample[], prior: Prior): Estimate {
  let runs = [{ weight: 1, mean: prior.mean, variance: prior.variance }]
  for (const { value, variance: noise } of samples) {
    const seen = runs.map(({ weight, mean, variance }) => {
      const posterior = 1 / (1 / variance + 1 / noise)
      return {
        weight: weight * density(value - mean, variance + noise),
        mean: posterior * (mean / variance + value / noise),
        variance: posterior,
      }
    })
    const total = seen.reduce((sum, { weight }) => sum + weight, 0)
    // So far from every run that its density is 0 in floating point: nothing else is left than a change.
    const grown =
      total > 0 ? seen.map((run) => ({ ...run, weight: (run.weight / total) * (1 - HAZARD) })) : []
    runs = [{ weight: total > 0 ? HAZARD : 1, mean: prior.mean, variance: prior.variance }, ...grown]
  }
  const best = runs.reduce(
    (run, candidate, index) => (candidate.weight > (runs[run]?.weight ?? 0) ? index : run),
    0,
  )
  const { mean, variance } = runs[best] ?? prior
  return { mean, reliability: 1 - variance / prior.variance, run: best }
}

function density(distance: number, variance: number): number {
  return Math.exp((-0.5 * distance ** 2) / variance) / Math.sqrt(2 * Math.PI * variance)
}
