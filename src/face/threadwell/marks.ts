import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { replaceFile } from '#kernel/journal'

const marksSchema = z.object({
  /** Somebody has seen the first page. */
  visited: z.boolean().default(false),
  /** Digest of the handbook that was ingested last; null: never. */
  handbook: z.string().nullable().default(null),
})
type MarkValues = z.infer<typeof marksSchema>

/** What was done once, and is not to be done again. */
export interface Marks {
  readonly values: MarkValues
  /** Resolves once it is durable. */
  set(values: Partial<MarkValues>): Promise<void>
}

/** A file that cannot be read means that nothing was done yet: at worst a person sees the first page twice. */
export async function openMarks(path: string): Promise<Marks> {
  let values = await readMarks(path)
  let last: Promise<void> = Promise.resolve()
  return {
    get values() {
      return values
    },
    set(changed) {
      const written = last.then(async () => {
        const next = { ...values, ...changed }
        await replaceFile(path, JSON.stringify(next))
        values = next
      })
      last = written.catch(() => {})
      return written
    },
  }
}

async function readMarks(path: string): Promise<MarkValues> {
  try {
    return marksSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return marksSchema.parse({})
  }
}
