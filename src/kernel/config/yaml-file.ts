import { LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { offsetOf, wordIssue } from '#protocol'
import { meant } from './spelling.ts'

/** What is wrong in a file, and where. Lines and columns count from 1. */
export interface Mistake {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `setting: what is wrong with it`. */
  readonly text: string
}

/** Says something of a setting, at its place. */
export type Place = (setting: readonly PropertyKey[], text: string) => Mistake

export interface YamlFile<Value> {
  /** Undefined where there are mistakes. */
  readonly value?: Value
  readonly mistakes: readonly Mistake[]
  readonly at: Place
}

/** Reads a YAML text into what the schema describes, or says all that is wrong with it. Never throws. */
export function readYamlFile<Schema extends z.ZodType>(
  file: string,
  text: string,
  schema: Schema,
): YamlFile<z.output<Schema>> {
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
  const result = schema.safeParse(readValue(document), { error: wordIssue })
  if (result.success) return { value: result.data, mistakes: [], at }
  return { mistakes: result.error.issues.flatMap((issue) => sayIssue(issue, schema, at)), at }
}

export function describeMistake({ file, line, column, text }: Mistake): string {
  return `${file}:${line}:${column}: ${text}`
}

/** All of them in one text, which ends as a sentence does. */
export function joinMistakes(told: readonly string[]): string {
  const text = told.join('; ')
  return /[.?!]$/.test(text) ? text : `${text}.`
}

export function atStart(file: string, text: string): Mistake {
  return { file, line: 1, column: 1, text }
}

/** Aliases that stand for too much are a fault of the file. */
function readValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS() ?? {}
  } catch {
    return undefined
  }
}

function sayIssue(issue: z.core.$ZodIssue, schema: z.ZodType, at: Place): Mistake[] {
  if (issue.code !== 'unrecognized_keys') return [at(issue.path, issue.message)]
  const known = fieldsAt(schema, issue.path)
  return issue.keys.map((key) => {
    const likely = meant(key, known)
    const hint = likely === undefined ? `It has: ${known.join(', ')}` : `Did you mean ${likely}?`
    return at([...issue.path, key], `there is no such field. ${hint}`)
  })
}

interface Described {
  readonly shape?: Readonly<Record<string, unknown>>
  readonly element?: unknown
  readonly def?: { readonly innerType?: unknown }
}

function fieldsAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let described = bare(schema)
  for (const key of path) described = bare(described.shape?.[String(key)] ?? described.element)
  return Object.keys(described.shape ?? {})
}

/** Without what makes a field optional or gives it a default. */
function bare(schema: unknown): Described {
  const described = (schema ?? {}) as Described
  const inner = described.def?.innerType
  return described.shape === undefined && inner !== undefined ? bare(inner) : described
}
