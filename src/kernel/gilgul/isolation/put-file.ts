import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Has a file hold these bytes: who opens it meanwhile reads the old or the new, never a part. */
export function putFile(path: string, bytes: Buffer): void {
  if (holds(path, bytes)) return
  const fresh = `${path}.${process.pid}`
  writeFileSync(fresh, bytes, { mode: 0o600 })
  renameSync(fresh, path)
}

function holds(path: string, bytes: Buffer): boolean {
  try {
    return readFileSync(path).equals(bytes)
  } catch {
    return false
  }
}
