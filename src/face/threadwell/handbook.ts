import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Marks } from './marks.ts'
import type { Services } from './services.ts'

export const HANDBOOK_TOPIC = 'handbook'

/**
 * Makes Runa's handbook a topic, so that a first question can be asked at once. A person who removes the topic is
 * obeyed: it does not come back, also not with an update. Rejects where tieto does not answer; try again later then.
 */
export async function ingestHandbook(
  folder: string,
  tieto: Services['tieto'],
  marks: Marks,
  signal: AbortSignal,
): Promise<void> {
  const digest = await digestOf(folder)
  const before = marks.values.handbook
  if (digest === undefined || digest === before) return
  if (before !== null) {
    const { topics } = await tieto.topics({}, { signal })
    if (!topics.some((topic) => topic.name === HANDBOOK_TOPIC)) return
  }
  for await (const _ of tieto.ingest({ topic: HANDBOOK_TOPIC, paths: [folder] }, { signal })) {
    // Only its end matters: nobody watches this one.
  }
  await marks.set({ handbook: digest })
}

/** Undefined where there is no handbook. */
async function digestOf(folder: string): Promise<string | undefined> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const pages = names.filter((name) => name.endsWith('.md')).sort()
  if (pages.length === 0) return undefined
  const digest = createHash('sha256')
  for (const name of pages) digest.update(name).update(await readFile(join(folder, name)))
  return digest.digest('hex')
}
