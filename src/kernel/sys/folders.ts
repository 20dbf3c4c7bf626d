import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder, and those above it that are missing, all with these rights, and returns the first that it made. Throws
 * the system's own error, with its `code`, where one cannot be made. Node's own recursive `mkdir` never returns where the
 * system denies a folder whose parent is there, as below /proc.
 */
export function makeFolders(folder: string, mode = 0o700): string | undefined {
  const missing: string[] = []
  for (let path = resolve(folder); !isFolder(path); path = dirname(path)) missing.push(path)
  let first: string | undefined
  for (const path of missing.reverse()) if (makeFolder(path, mode)) first ??= path
  return first
}

/** False where somebody else has just made it. */
function makeFolder(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isFolder(path)) return false
    throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
