import type * as z from 'zod'
import { ownServiceSchema, runaServicesSchema, SERVICE_DEFAULTS } from '#kernel/config'
import { type Field, fieldsOf } from './fields.ts'
import { escapePipes } from './services.ts'

const INTRODUCTION = `# What may be written about a service

Made from the schema in \`src/kernel/config/services/\` by \`npm run docs\`. Do not edit it: a test compares.

How to use it: [services of your own](../guides/services.md), [keeping a service apart](../guides/isolation.md),
[services in any language](../guides/any-language.md). \`runa gilgul check\` says what is wrong in a file, by line and column;
\`runa gilgul apply\` has a running Runa take it up.

`

const OWN = `## \`services/NAME.yaml\`: a service of your own

The name of the file is the name of the service.

`

const OF_RUNA = `## Runa's own services, in \`runa.yaml\`

Under \`services\`, by name: NAMES. They have the fields above. What is not said is
as Runa has it; \`needs\`, \`environment\` and \`secrets\` are added to what there is, the rest takes its place. Beside these:

`

const MODELS = `## Models, in \`runa.yaml\`

Under \`services.model\`, for all of them alike. They come and go at the wish of inference, so that some fields make no sense for
them. Otherwise than above:

`

/** Steps are the same for every cause: they have a section of their own. */
const LADDERS = `## \`onFailure\`

By cause, a list of one to eight steps. The first is taken when it dies of that cause, the next when it dies of the same again, and the
last stays. One that was healthy begins anew. A cause that is not named has the steps that Runa has for it (\`runa status NAME\` says which).

| step | what is done |
|---|---|
| \`restart\` | it is started again after a pause, within what \`restart\` bears |
| \`wait\` | it is started again once what it failed for has changed: its file, the room on the disk, the service it needs; where there is nothing of the kind, after its longest pause, however often |
| \`{run: [program, ...], timeoutSeconds: 30}\` | a program is run, with \`RUNA_CAUSE\` in its environment and its output in the log of the service; then as \`restart\` |
| \`stop-group\` | it is given up, and its group is stopped |
| \`give-up\` | it is given up until somebody says \`runa restart NAME\` |

\`crash-loop\` is what follows on too many deaths: its programs are run, then it is given up, with its group where \`stop-group\` is named.

Causes: CAUSES.
`

export function printDescriptions(): string {
  const { model, ...ofRuna } = runaServicesSchema.def.innerType.shape
  const own = fieldsOf(ownServiceSchema, 'input')
  const known = new Set(own.map(sayField))
  const beside = fieldsOf(ofRuna.tieto.def.innerType, 'input')
    .filter((field) => !known.has(sayField(field)))
    .map((field) => withOwners(field, ofRuna))
  const ofModels = fieldsOf(model.def.innerType, 'input').filter((field) => !known.has(sayField(field)))
  const missing = missingIn(model.def.innerType, ownServiceSchema)
  const names = Object.keys(ofRuna).map((name) => `\`${name}\``)
  const causes = own.flatMap(({ path }) => /^onFailure\.([a-z-]+)$/.exec(path)?.[1] ?? [])
  return [
    INTRODUCTION,
    ...[OWN, table(own)],
    ...[OF_RUNA.replace('NAMES', names.join(', ')), table(beside)],
    ...[MODELS, `No ${missing.map((name) => `\`${name}\``).join(', ')}.\n\n`, table(ofModels)],
    LADDERS.replace('CAUSES', causes.map((cause) => `\`${cause}\``).join(', ')),
  ].join('')
}

function table(fields: readonly Field[]): string {
  const rows = fields.filter(({ path }) => !path.startsWith('onFailure.')).map(sayField)
  return ['| field | type | without it | meaning |', '|---|---|---|---|', ...rows, '', ''].join('\n')
}

/** Either it has a column of its own, or it is of no concern to who writes a file. */
const NOT_SAID = ['', 'optional', '**sensitive**']

function sayField({ path, type, notes, meaning }: Field): string {
  const parts = notes.split('; ').filter((note) => !NOT_SAID.includes(note))
  const [, stated] = /^default (.*)$/.exec(parts.find((note) => note.startsWith('default ')) ?? '') ?? []
  const limits = parts.filter((note) => !note.startsWith('default ')).map(escapePipes)
  const without = stated ?? defaultAt(path) ?? (notes.startsWith('optional') ? '' : 'must be there')
  const said = [meaning, limits.join('; ')].filter((part) => part !== '').join(' ')
  return `| \`${path}\` | ${escapePipes(type)} | ${without} | ${said} |`
}

function defaultAt(path: string): string | undefined {
  let value: unknown = SERVICE_DEFAULTS
  for (const name of path.split('.')) value = (value as Readonly<Record<string, unknown>> | undefined)?.[name]
  const isPlain = value !== undefined && (typeof value !== 'object' || Object.keys(value ?? {}).length === 0)
  return isPlain ? JSON.stringify(value) : undefined
}

/** Says which services have a field that not all of them have. */
function withOwners(field: Field, ofRuna: Readonly<Record<string, Described>>): Field {
  const all = Object.entries(ofRuna)
  const owners = all.filter(([, { def }]) => field.path in def.innerType.shape).map(([name]) => `\`${name}\``)
  if (owners.length === all.length) return field
  return { ...field, meaning: `Of ${owners.join(', ')} alone. ${field.meaning}` }
}

interface Described {
  readonly def: { readonly innerType: z.ZodObject }
}

function missingIn(schema: z.ZodObject, other: z.ZodObject): string[] {
  return Object.keys(other.shape).filter((name) => schema.shape[name] === undefined)
}
