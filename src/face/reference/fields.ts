import * as z from 'zod'
import { isSensitive } from '#protocol'

/** One field of an input or output, as a row of a table. */
export interface Field {
  /** `texts[].name`; variants of a union are told apart as `(kind = text) text`. */
  readonly path: string
  readonly type: string
  readonly notes: string
  /** What its schema says about it; empty where that says nothing. */
  readonly meaning: string
}

/** The part of JSON Schema that zod writes for our contracts. */
interface Json {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
  readonly items?: Json
  readonly additionalProperties?: Json | boolean
  readonly oneOf?: readonly Json[]
  readonly anyOf?: readonly Json[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly $ref?: string
  readonly sensitive?: boolean
  readonly description?: string
}

/** A list of this many values says nothing that its name does not. */
const ENUM_SHOWN_MAX = 24

export function fieldsOf(schema: z.ZodType, io: 'input' | 'output'): Field[] {
  const json = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (isSensitive(zodSchema as unknown as z.ZodType)) Object.assign(jsonSchema, { sensitive: true })
    },
  })
  return walk(json as Json, '')
}

function walk(json: Json, path: string): Field[] {
  const variants = variantsOf(json)
  if (variants) return variants.flatMap((variant) => walkVariant(variant, path))
  const { properties } = json
  if (!properties) return []
  return Object.entries(properties).flatMap(([name, field]) => {
    const at = path === '' || path.endsWith(') ') ? `${path}${name}` : `${path}.${name}`
    const required = json.required?.includes(name) ?? false
    const { description: meaning = '' } = field
    return [{ path: at, type: typeOf(field), notes: notesOf(field, required), meaning }, ...inside(field, at)]
  })
}

function inside(field: Json, path: string): Field[] {
  if (field.type === 'array' && field.items) return walk(field.items, `${path}[]`)
  return walk(field, path)
}

/** Objects that a constant field tells apart. */
function variantsOf({ oneOf, anyOf }: Json): readonly Json[] | undefined {
  const variants = oneOf ?? anyOf
  return variants?.every(({ properties }) => properties?.['kind']?.const !== undefined) ? variants : undefined
}

function walkVariant(variant: Json, path: string): Field[] {
  const kind = String(variant.properties?.['kind']?.const)
  const { kind: _, ...properties } = variant.properties ?? {}
  const prefix = `${path}(kind = ${kind}) `
  const fields = walk({ ...variant, properties }, prefix)
  return fields.length > 0 ? fields : [{ path: prefix.trim(), type: '', notes: '', meaning: '' }]
}

function typeOf(json: Json): string {
  if (json.const !== undefined) return `"${json.const}"`
  if (json.enum) return json.enum.length > ENUM_SHOWN_MAX ? 'one of many' : json.enum.join(', ')
  if (json.format === 'uuid') return 'UUID'
  if (json.type === 'array') return `list of ${json.items ? typeOf(json.items) : 'anything'}`
  if (variantsOf(json)) return 'object'
  const choices = json.anyOf ?? json.oneOf
  if (choices) return [...new Set(choices.map(typeOf))].join(' or ')
  return json.$ref || json.type === undefined ? 'any JSON' : json.type
}

function notesOf(json: Json, required: boolean): string {
  const notes = [required || json.default !== undefined ? '' : 'optional', ...limitsOf(json)]
  if (json.items) notes.push(...limitsOf(json.items).map((limit) => `each: ${limit}`))
  if (json.default !== undefined) notes.push(`default ${JSON.stringify(json.default)}`)
  if (json.sensitive || json.items?.sensitive) notes.push('**sensitive**')
  return notes.filter((note) => note !== '').join('; ')
}

function limitsOf(json: Json): string[] {
  const { pattern, format } = json
  return [
    ...range(json.minimum, json.maximum, ''),
    ...range(json.minLength, json.maxLength, ' characters'),
    ...range(json.minItems, json.maxItems, ' items'),
    ...(pattern && format !== 'uuid' ? [`\`${pattern}\``] : []),
  ]
}

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  const shown = (value: number | undefined) =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER
  const number = (value: number | undefined) => (value ?? 0).toLocaleString('en')
  if (shown(least) && shown(most)) return [`${number(least)} to ${number(most)}${unit}`]
  if (shown(most)) return [`at most ${number(most)}${unit}`]
  return shown(least) && least !== 0 ? [`at least ${number(least)}${unit}`] : []
}
