// A log-linear histogram of durations: each octave is divided into four, so a figure is at most a quarter too high. The
// same idea as in HdrHistogram, with fewer digits: https://hdrhistogram.github.io/HdrHistogram/

const SUB_BUCKETS = 4
const OCTAVES = 26
/** From 1 µs to 67 s. Each word counts one bucket. */
export const HISTOGRAM_WORDS = SUB_BUCKETS * OCTAVES
const MICROS_MAX = 2 ** OCTAVES - 1

/** How often what took how long: one count a bucket. */
export type Histogram = readonly number[]

/** What `micros` is counted in. Below a microsecond it is the first, above 67 seconds the last. */
export function bucketOf(micros: number): number {
  const whole = micros < 1 ? 1 : micros > MICROS_MAX ? MICROS_MAX : Math.trunc(micros)
  const octave = 31 - Math.clz32(whole)
  // At most 2^28 before the shift to the right: it fits.
  return octave * SUB_BUCKETS + (((whole * SUB_BUCKETS) >> octave) & (SUB_BUCKETS - 1))
}

/** Nothing in the bucket took as long as this. */
export function bucketEndMicros(bucket: number): number {
  const next = bucket + 1
  return 2 ** Math.floor(next / SUB_BUCKETS) * (1 + (next % SUB_BUCKETS) / SUB_BUCKETS)
}

/** Counts one, in shared memory. For its one writer. */
export function observe(words: Int32Array, start: number, micros: number): void {
  const word = start + bucketOf(micros)
  words[word] = ((words[word] ?? 0) + 1) | 0
}

export function readHistogram(words: Int32Array, start: number): Histogram {
  return Array.from(words.subarray(start, start + HISTOGRAM_WORDS), (count) => count >>> 0)
}

export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const merged = new Array<number>(HISTOGRAM_WORDS).fill(0)
  for (const histogram of histograms) {
    for (const [bucket, count] of histogram.entries()) merged[bucket] = (merged[bucket] ?? 0) + count
  }
  return merged
}

/**
 * Times in microseconds, each the upper end of its bucket: 'no more than'. Undefined where nothing was measured.
 * `count` is of what was measured, which is a sample of what was sent.
 */
export interface Latency {
  readonly count: number
  readonly p50Micros: number | undefined
  readonly p99Micros: number | undefined
  readonly p999Micros: number | undefined
  readonly mostMicros: number | undefined
  /** How many took less than so long, for each bucket in which there are any. */
  readonly buckets: readonly { readonly lessThanMicros: number; readonly count: number }[]
}

export function describeLatency(histogram: Histogram): Latency {
  const count = histogram.reduce((sum, each) => sum + each, 0)
  return {
    count,
    p50Micros: percentile(histogram, count, 0.5),
    p99Micros: percentile(histogram, count, 0.99),
    p999Micros: percentile(histogram, count, 0.999),
    mostMicros: percentile(histogram, count, 1),
    buckets: histogram.flatMap((each, bucket) =>
      each === 0 ? [] : [{ lessThanMicros: bucketEndMicros(bucket), count: each }],
    ),
  }
}

/** What was measured between two readings of one histogram. Where it was begun anew, the later one. */
export function latencySince(later: Latency, earlier: Latency): Latency {
  const [now, before] = [histogramOf(later), histogramOf(earlier)]
  const isNew = now.some((count, bucket) => count < (before[bucket] ?? 0))
  return isNew ? later : describeLatency(now.map((count, bucket) => count - (before[bucket] ?? 0)))
}

function histogramOf({ buckets }: Latency): Histogram {
  const counts = new Map(buckets.map(({ lessThanMicros, count }) => [lessThanMicros, count]))
  return Array.from({ length: HISTOGRAM_WORDS }, (_, bucket) => counts.get(bucketEndMicros(bucket)) ?? 0)
}

/** What the share `part` of all that was measured took less than. */
function percentile(histogram: Histogram, count: number, part: number): number | undefined {
  let missing = Math.ceil(count * part)
  if (missing === 0) return undefined
  for (const [bucket, each] of histogram.entries()) {
    missing -= each
    if (missing <= 0) return bucketEndMicros(bucket)
  }
  return undefined
}
