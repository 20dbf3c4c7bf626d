import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import { type Persona, parseOrThrow, personaSchema, RunaError } from '#protocol'

export const DEFAULT_PERSONA = 'default'
const PERSONAS_MAX = 200
const FILE_BYTES_MAX = 64 * 1_024

export type LoadedPersona = Persona & {
  readonly prompt: string
  /** Asked for, unless the caller names another. */
  readonly model?: string | undefined
}

export interface Fault {
  readonly file: string
  readonly message: string
}

export interface Personas {
  /** Reads what has changed since the last time. Rejects with PERSONA_UNKNOWN. */
  find(id: string): Promise<LoadedPersona>
  list(): Promise<{ personas: LoadedPersona[]; faults: Fault[] }>
}

const frontMatterSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  description: z.string().trim().max(300).default(''),
  topics: personaSchema.shape.topics.max(64).default([]),
  sampling: personaSchema.shape.sampling.default({}),
  model: z.string().min(1).max(64).optional(),
})

interface Read {
  readonly state: string
  readonly result: LoadedPersona | Fault
}

/**
 * Personas are Markdown files with front matter: the name of the file is the id, the body is the prompt. A file in
 * an earlier folder goes before one of the same name in a later folder; where it is broken, the later one stands in.
 */
export function openPersonas(folders: readonly string[]): Personas {
  let cache = new Map<string, Read>()

  async function readCached(path: string, id: string): Promise<Read> {
    const { mtimeMs, size } = await stat(path)
    const state = `${mtimeMs} ${size}`
    const known = cache.get(path)
    if (known?.state === state) return known
    const result = await readPersona(path, id, size).catch(
      (error: Error): Fault => ({ file: path, message: error.message }),
    )
    return { state, result }
  }

  async function list() {
    const personas = new Map<string, LoadedPersona>()
    const faults: Fault[] = []
    const seen = new Map<string, Read>()
    for (const folder of folders) {
      const names = await listMarkdown(folder)
      if (names.length > PERSONAS_MAX) {
        faults.push({ file: folder, message: `Only the first ${PERSONAS_MAX} of ${names.length} are read.` })
      }
      for (const name of names.slice(0, PERSONAS_MAX)) {
        const id = name.slice(0, -'.md'.length)
        const path = join(folder, name)
        const read = await readCached(path, id).catch(() => undefined)
        // Removed between the listing and the reading.
        if (read === undefined) continue
        seen.set(path, read)
        if (!('prompt' in read.result)) faults.push(read.result)
        else if (!personas.has(id)) personas.set(id, read.result)
      }
    }
    cache = seen
    return { personas: [...personas.values()].sort((a, b) => a.id.localeCompare(b.id)), faults }
  }

  return {
    list,
    async find(id) {
      const { personas, faults } = await list()
      const persona = personas.find((candidate) => candidate.id === id)
      if (persona) return persona
      const fault = faults.find(({ file }) => file.endsWith(`/${id}.md`))
      throw new RunaError('PERSONA_UNKNOWN', fault ? `${fault.file}: ${fault.message}` : undefined)
    },
  }
}

async function listMarkdown(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => name.endsWith('.md') && !name.startsWith('.')).sort()
}

async function readPersona(path: string, id: string, sizeBytes: number): Promise<LoadedPersona> {
  if (sizeBytes > FILE_BYTES_MAX) throw new Error(`A persona is at most ${FILE_BYTES_MAX} bytes long.`)
  return parsePersona(id, await readFile(path, 'utf8'))
}

/** Throws an Error whose message tells a person what is wrong. */
export function parsePersona(id: string, text: string): LoadedPersona {
  if (!personaSchema.shape.id.safeParse(id).success) {
    throw new Error('The name of the file must be of a-z, 0-9 and -, such as `my-persona.md`.')
  }
  const [, yaml, body] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n([\s\S]*))?$/.exec(text) ?? []
  if (yaml === undefined) {
    throw new Error('The file must begin with front matter: a line `---`, fields, and another line `---`.')
  }
  const prompt = (body ?? '').trim()
  if (prompt === '') throw new Error('There is no prompt below the front matter.')
  return { id, prompt, ...parseOrThrow(frontMatterSchema, parse(yaml) ?? {}) }
}
