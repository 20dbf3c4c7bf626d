import { isMap, LineCounter, parseDocument } from 'yaml'
import { RunaError } from '#protocol'
import { FRONT_MATTER_LENGTH_MAX } from './limits.ts'

type MetadataValue =
  | string
  | number
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [name: string]: MetadataValue }

export type Metadata = Readonly<Record<string, MetadataValue>>

export interface FrontMatter {
  readonly metadata: Metadata
  /** Where the text itself begins, in characters. */
  readonly bodyStart: number
}

const FRONT_MATTER = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)(?<=\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/
/** Repeated references to one value, which would otherwise let a few lines grow without bound. */
const ALIASES_MAX = 64
const FIELDS_DEPTH_MAX = 8
const FIELD_NAME_LENGTH_MAX = 128

/**
 * Reads the YAML between two lines of `---` at the beginning. A text that begins with a mere rule has none. Throws
 * DOCUMENT_INVALID with the line of the file.
 */
export function readFrontMatter(text: string): FrontMatter {
  const match = FRONT_MATTER.exec(text.slice(0, FRONT_MATTER_LENGTH_MAX))
  const yaml = match?.[1] ?? ''
  if (!match || yaml.trim() === '') return { metadata: {}, bodyStart: match?.[0].length ?? 0 }
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const [fault] = document.errors
  if (fault) refuse(lines.linePos(fault.pos[0]).line, fault.message)
  if (!isMap(document.contents)) return { metadata: {}, bodyStart: 0 }
  try {
    const fields = document.toJS({ maxAliasCount: ALIASES_MAX }) as Record<string, unknown>
    return { metadata: toMetadata(fields), bodyStart: match[0].length }
  } catch (cause) {
    if (cause instanceof RunaError) throw cause
    throw new RunaError('DOCUMENT_INVALID', 'Its front matter refers to itself too often.', { cause })
  }
}

/** `line` counts within the YAML, whose first line is the second of the file. */
function refuse(line: number, what: string): never {
  throw new RunaError('DOCUMENT_INVALID', `Its front matter, line ${line + 1}: ${what}.`)
}

function toMetadata(fields: Record<string, unknown>): Metadata {
  const entries = Object.entries(fields).map(([name, value]) => {
    if (name.length > FIELD_NAME_LENGTH_MAX)
      refuse(1, `a name is longer than ${FIELD_NAME_LENGTH_MAX} characters`)
    return [name, toValue(value, 1)] as const
  })
  return Object.fromEntries(entries)
}

/** Only what JSON can say: YAML also knows numbers without end, and dates that no two programs write alike. */
function toValue(value: unknown, depth: number): MetadataValue {
  if (depth > FIELDS_DEPTH_MAX) refuse(1, `it is nested more than ${FIELDS_DEPTH_MAX} levels deep`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((item) => toValue(item, depth + 1))
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toValue(item, depth + 1)]))
  }
  return String(value)
}
