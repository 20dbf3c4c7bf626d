/** In milliseconds since the machine was started, the same for all its processes. No one can set this clock. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
