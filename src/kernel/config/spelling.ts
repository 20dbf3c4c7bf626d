/** The one of `known` that was probably meant; undefined where none is near. */
export function meant(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((one) => ({ one, distance: distanceOf(word.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, distance }) => distance <= (one.length > 3 ? Math.max(2, Math.floor(one.length / 3)) : 1))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.one
}

/** Letters put in, left out or exchanged (V. Levenshtein, 1965), by the rows of Wagner and Fischer's table (1974). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let line = 1; line <= a.length; line += 1) {
    const next = [line]
    for (let column = 1; column <= b.length; column += 1) {
      const exchanged = (row[column - 1] ?? 0) + (a[line - 1] === b[column - 1] ? 0 : 1)
      next.push(Math.min(exchanged, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
