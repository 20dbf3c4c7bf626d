import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { replaceFile } from '#kernel/journal'
import { makeFolders } from '#kernel/sys'
import { modelSchema, RunaError } from '#protocol'

const count = z.number().int().nonnegative()

/** What is remembered of a model: enough to know, without opening the file, whether it can be loaded. */
const storedModelSchema = modelSchema
  .pick({ id: true, purpose: true, name: true, architecture: true, path: true, sizeBytes: true })
  .extend({
    parameters: count,
    contextTokens: count,
    vocabularyTokens: count,
    cacheBytesPerToken: count,
    hasChatTemplate: z.boolean(),
    licence: z.string(),
    digest: z.string(),
    /** When the file was last changed; a file that changes afterwards is another model. */
    changedAt: count,
    /** Whether the file is Runa's own copy, which goes when the model goes. */
    isCopy: z.boolean(),
  })
export type StoredModel = z.infer<typeof storedModelSchema>

const fileSchema = z.object({
  version: z.literal(1),
  default: z.string().nullable(),
  models: z.array(storedModelSchema),
})
type Content = z.infer<typeof fileSchema>

export interface Registry {
  list(): readonly StoredModel[]
  find(id: string): StoredModel | undefined
  readonly defaultId: string | undefined
  /** Resolves once it is on the disk. Rejects with MODEL_EXISTS. The first model to chat with becomes the default. */
  add(model: StoredModel): Promise<void>
  /** Rejects with MODEL_UNKNOWN. The default, if it was this one, passes to nobody. */
  remove(id: string): Promise<void>
  /** The id may also be that of a server. */
  setDefault(id: string): Promise<void>
}

const MODELS_MAX = 256

/**
 * The models of one Runa, in `models.json`. A file that cannot be understood is set aside under another name and
 * reported, since the models themselves are not in it: they can be added again.
 */
export async function openRegistry(folder: string, report: (fault: string) => void): Promise<Registry> {
  makeFolders(folder)
  const path = join(folder, 'models.json')
  let content = await readContent(path, report)
  let last: Promise<unknown> = Promise.resolve()

  /** One change after the other: each sees what the one before it has stored. */
  function change(next: (content: Content) => Content): Promise<void> {
    const changed = last.then(async () => {
      const wanted = next(content)
      await replaceFile(path, `${JSON.stringify(wanted, undefined, 2)}\n`).catch((cause) => {
        throw new RunaError('DISK_FULL', `${path} could not be written.`, { cause })
      })
      content = wanted
    })
    last = changed.catch(() => {})
    return changed
  }

  const find = (id: string) => content.models.find((model) => model.id === id)
  return {
    list: () => content.models,
    find,
    get defaultId() {
      return content.default ?? undefined
    },
    add: (model) =>
      change(({ models, default: current, version }) => {
        if (models.some(({ id }) => id === model.id)) throw modelExists(model.id)
        if (models.length >= MODELS_MAX) {
          throw new RunaError('MODEL_EXISTS', `There are ${MODELS_MAX} models, and no more fit.`)
        }
        const isFirst = current === null && model.purpose === 'chat'
        return { version, default: isFirst ? model.id : current, models: [...models, model] }
      }),
    remove: (id) =>
      change(({ models, default: current, version }) => {
        if (!models.some((model) => model.id === id)) throw modelUnknown(id)
        const others = models.filter((model) => model.id !== id)
        return { version, default: current === id ? null : current, models: others }
      }),
    setDefault: (id) => change((current) => ({ ...current, default: id })),
  }
}

export function modelExists(id: string): RunaError {
  return new RunaError('MODEL_EXISTS', `There is already a model '${id}'.`)
}

export function modelUnknown(id: string): RunaError {
  return new RunaError('MODEL_UNKNOWN', `There is no model '${id}'.`)
}

async function readContent(path: string, report: (fault: string) => void): Promise<Content> {
  const empty: Content = { version: 1, default: null, models: [] }
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return empty
  const parsed = fileSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const aside = `${path}.damaged-${Date.now()}`
  await rename(path, aside)
  report(`${path} could not be understood. It now lies in ${aside}; add the models again.`)
  return empty
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
