/** What libfaketime and its worker read. */
export const CLOCK_VARIABLES = [
  'NODE_OPTIONS',
  'LD_PRELOAD',
  'FAKETIME_TIMESTAMP_FILE',
  'FAKETIME_NO_CACHE',
  'FAKETIME_DONT_FAKE_MONOTONIC',
  'NO_FAKE_STAT',
] as const
