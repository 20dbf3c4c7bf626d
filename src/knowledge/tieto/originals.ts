import { realpath, rm, rmdir } from 'node:fs/promises'
import { dirname, sep } from 'node:path'

/**
 * Deletes the files that were copied into `keptFolder` when they were dropped onto a page: who removes a document means
 * all of it. A file anywhere else is the person's own, and stays.
 */
export async function deleteOriginals(keptFolder: string, sources: readonly string[]): Promise<void> {
  // Documents are known by where they really lie, and a home is often reached by a link.
  const place = await realpath(keptFolder).catch(() => keptFolder)
  const kept = sources.filter((source) => source.startsWith(`${place}${sep}`))
  for (const source of kept) await rm(source, { force: true })
  // A folder that others still use is not empty, and so it stays.
  for (const folder of new Set(kept.map(dirname))) await rmdir(folder).catch(() => {})
}
