import { dirname, relative, sep } from 'node:path'

/**
 * What a document is called: its path from the parent of what was named for ingestion, so `docs/adr/0001.md` for a file
 * in `docs`. Where that is taken, more of the path is told, and in the end a number.
 */
export function displayNameOf(
  { path, named }: { readonly path: string; readonly named: string },
  isTaken: (name: string) => boolean,
): string {
  for (let parent = dirname(named); ; parent = dirname(parent)) {
    const name = relative(parent, path).split(sep).join('/')
    if (!isTaken(name)) return name
    if (parent === dirname(parent)) return numbered(name, isTaken)
  }
}

/** The name itself, or with the first number behind it that makes it new: `letter`, `letter (2)`. */
function numbered(name: string, isTaken: (name: string) => boolean): string {
  let candidate = name
  for (let number = 2; isTaken(candidate); number += 1) candidate = `${name} (${number})`
  return candidate
}
