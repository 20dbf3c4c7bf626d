/** The same direction at unit length; a vector of zeros stays one. */
export function normalize(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector)
  return length > 0 ? vector.map((value) => value / length) : [...vector]
}
