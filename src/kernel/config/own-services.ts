import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { RunaError, serviceNameSchema, wordIssue } from '#protocol'
import { type OwnService, ownServiceSchema } from './own-service.ts'
import { meant } from './spelling.ts'
import { offsetOf } from './yaml-place.ts'

/** What is wrong in a file, and where. Lines and columns count from 1. */
export interface Mistake {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
}

export interface OwnServices {
  readonly services: readonly OwnService[]
  readonly mistakes: readonly Mistake[]
}

const SERVICES_MAX = 64
const FILE_BYTES_MAX = 65_536

/**
 * Reads `services/*.yaml` in the folder of Runa. `taken`: names of Runa's own services, which may be needed and not be
 * taken. Never rejects: what cannot be read is a mistake.
 */
export async function readOwnServices(home: string, taken: readonly string[]): Promise<OwnServices> {
  const folder = join(home, 'services')
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => name.endsWith('.yaml')).sort()
  const read = await Promise.all(
    files.slice(0, SERVICES_MAX).map((file) => readOne(join(folder, file), taken)),
  )
  const found = read.flatMap(({ service }) => service ?? [])
  const tooMany =
    files.length > SERVICES_MAX ? [atStart(folder, `has more than ${SERVICES_MAX} services`)] : []
  const mistakes = [...tooMany, ...read.flatMap((one) => one.mistakes)]
  // Who is needed can be judged only once every file could be read.
  const wrongNeeds = mistakes.length > 0 ? [] : read.flatMap((one) => needsOf(one, found, taken))
  return { services: found, mistakes: [...mistakes, ...wrongNeeds] }
}

/** Rejects with CONFIG_INVALID, which names every mistake with its place. */
export async function loadOwnServices(home: string, taken: readonly string[]): Promise<OwnService[]> {
  const { services, mistakes } = await readOwnServices(home, taken)
  if (mistakes.length === 0) return [...services]
  throw new RunaError('CONFIG_INVALID', `${mistakes.map(describeMistake).join('; ')}.`)
}

export function describeMistake({ file, line, column, text }: Mistake): string {
  return `${file}:${line}:${column}: ${text}`
}

type Place = (setting: readonly PropertyKey[], text: string) => Mistake

interface Read {
  readonly service?: OwnService
  readonly mistakes: readonly Mistake[]
  readonly at: Place
}

async function readOne(file: string, taken: readonly string[]): Promise<Read> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => error)
  const fault = (text: string): Read => ({
    mistakes: [atStart(file, text)],
    at: (_, told) => atStart(file, told),
  })
  if (bytes instanceof Error) return fault(`cannot be read: ${bytes.code}`)
  if (bytes.length > FILE_BYTES_MAX) return fault(`has more than ${FILE_BYTES_MAX} bytes`)
  const name = basename(file, '.yaml')
  if (!serviceNameSchema.safeParse(name).success)
    return fault(
      `'${name}' is no name of a service: it begins with a small letter, then letters, digits, - and _`,
    )
  if (taken.includes(name)) return fault(`'${name}' is a service of Runa itself`)
  return parseOwnService(file, name, bytes.toString())
}

/** Of one file, without regard to the others. */
export function parseOwnService(file: string, name: string, text: string): Read {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const atOffset = (offset: number, told: string): Mistake => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col), text: told }
  }
  const at: Place = (setting, told) =>
    atOffset(
      offsetOf(document.contents, setting) ?? 0,
      `${setting.map(String).join('.') || 'the file'}: ${told}`,
    )
  if (document.errors.length > 0)
    return { mistakes: document.errors.map(({ pos, message }) => atOffset(pos[0], message)), at }
  const result = ownServiceSchema.safeParse(readValue(document), { error: wordIssue })
  if (result.success) return { service: { ...result.data, name }, mistakes: [], at }
  return { mistakes: result.error.issues.flatMap((issue) => sayIssue(issue, at)), at }
}

/** Aliases that stand for too much are a fault of the file. */
function readValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS() ?? {}
  } catch {
    return undefined
  }
}

function sayIssue(issue: z.core.$ZodIssue, at: Place): Mistake[] {
  if (issue.code !== 'unrecognized_keys') return [at(issue.path, issue.message)]
  const known = fieldsAt(issue.path)
  return issue.keys.map((key) => {
    const likely = meant(key, known)
    const hint = likely === undefined ? `It has: ${known.join(', ')}` : `Did you mean ${likely}?`
    return at([...issue.path, key], `there is no such field. ${hint}`)
  })
}

function fieldsAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = ownServiceSchema
  for (const key of path) schema = shapeOf(schema)[String(key)]
  return Object.keys(shapeOf(schema))
}

/** Through what makes a field optional or gives it a default. */
function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  const { shape, def } = (schema ?? {}) as {
    shape?: Readonly<Record<string, unknown>>
    def?: { innerType?: unknown }
  }
  return shape ?? (def?.innerType === undefined ? {} : shapeOf(def.innerType))
}

function needsOf({ service, at }: Read, all: readonly OwnService[], taken: readonly string[]): Mistake[] {
  if (!service) return []
  const known = [...taken, ...all.map(({ name }) => name)]
  const unknown = service.needs.flatMap((need, index) => {
    if (known.includes(need)) return []
    const likely = meant(need, known)
    const hint = likely === undefined ? '' : `. Did you mean ${likely}?`
    return [at(['needs', index], `there is no service '${need}'${hint}`)]
  })
  const needsItself = reachable(service, all).has(service.name)
  return needsItself ? [...unknown, at(['needs'], `${service.name} needs itself, by way of others`)] : unknown
}

function reachable(from: OwnService, all: readonly OwnService[]): Set<string> {
  const found = new Set<string>()
  const ahead = [...from.needs]
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (found.has(next)) continue
    found.add(next)
    ahead.push(...(all.find(({ name }) => name === next)?.needs ?? []))
  }
  return found
}

function atStart(file: string, text: string): Mistake {
  return { file, line: 1, column: 1, text }
}
