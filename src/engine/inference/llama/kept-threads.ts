import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { replaceFile } from '#kernel/journal'
import { makeFolders } from '#kernel/sys'

/** What a measurement holds for: another model, another engine or other cores have to be measured again. */
export interface Measured {
  readonly digest: string
  readonly build: string
  readonly most: number
}

const fileSchema = z.object({
  digest: z.string(),
  build: z.string(),
  most: z.number().int().positive(),
  threads: z.number().int().positive(),
})

/** In the folder of models, one for each: it goes with its model. A folder of their own is all that a model may write to. */
export function keptThreadsName(id: string): string {
  return join('threads', `${id}.json`)
}

/**
 * The number that was measured at the first loading. Threads share out sums, and sums in another order end in other
 * bits, and so in other tokens: a number that changed with every loading would leave no answer that can be replayed.
 */
export async function keepThreads(
  path: string,
  { digest, build, most }: Measured,
  measure: () => Promise<number>,
): Promise<number> {
  const kept = await readKept(path)
  if (kept?.digest === digest && kept.build === build && kept.most === most) return kept.threads
  const threads = await measure()
  // Where it cannot be written, it holds for this loading alone, and a replay names the difference.
  await write(path, { digest, build, most, threads }).catch(() => {})
  return threads
}

async function write(path: string, kept: z.infer<typeof fileSchema>): Promise<void> {
  makeFolders(dirname(path))
  await replaceFile(path, `${JSON.stringify(kept)}\n`)
}

async function readKept(path: string): Promise<z.infer<typeof fileSchema> | undefined> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    // Missing, damaged, or unreadable: it is measured again.
    return undefined
  }
}
