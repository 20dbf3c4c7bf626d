import { resolve } from 'node:path'
import { inferenceContract, type Model, type Suggestion } from '#protocol'
import { withRuna } from '../connection.ts'
import { formatBytes, formatTable, print } from '../output.ts'

interface JsonOption {
  readonly json: boolean
}

export interface AddOptions extends JsonOption {
  readonly id?: string
  readonly copy: boolean
}

const NEEDED = ['inference']

export async function listModels({ json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const { models } = await client(inferenceContract).models({}, { signal })
    const none =
      'No models yet: answers are quotes. Add one: `runa models add FILE`. Which would fit: `runa models suggest`'
    const table = formatTable([['MODEL', 'FOR', 'STATE', 'SIZE', 'MEMORY', ''], ...models.map(rowOf)])
    print({ models }, json, models.length === 0 ? none : table)
  })
}

function rowOf({ id, purpose, state, sizeBytes, memoryBytes, isDefault, reason }: Model): string[] {
  const remarks = [isDefault ? 'default' : '', reason].filter((remark) => remark !== '')
  return [id, purpose, state, formatBytes(sizeBytes), formatBytes(memoryBytes), remarks.join('; ')]
}

export async function addModel(path: string, { id, copy, json }: AddOptions): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    if (process.stderr.isTTY) process.stderr.write('Reading and trying the model ...\n')
    const input = { path: resolve(path), copy, ...(id === undefined ? {} : { id }) }
    const model = await client(inferenceContract).addModel(input, { signal })
    const role = model.isDefault
      ? ' It answers from now on.'
      : ` To have it answer: \`runa models use ${model.id}\``
    print(model, json, `Added ${model.id} (${model.name || model.architecture}).${role}`)
  })
}

export async function useModel(id: string, { json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const model = await client(inferenceContract).useModel({ id }, { signal })
    print(model, json, `${model.id} answers from now on.`)
  })
}

export async function removeModel(id: string, { json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    await client(inferenceContract).removeModel({ id }, { signal })
    print({ removed: id }, json, `Removed ${id}. Your own file of it stays.`)
  })
}

export async function suggestModels({ json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const machine = await client(inferenceContract).machine({}, { signal })
    const free = formatBytes(machine.memoryFreeBytes)
    const table = formatTable([
      ['MODEL', 'FILE', 'SIZE', 'MEMORY', 'FITS', 'LICENCE'],
      ...machine.suggestions.map(suggestionRow),
    ])
    const text = `This machine has ${machine.cores} cores and ${free} of memory free.\n\n${table}\n\nRuna downloads nothing. Fetch a file yourself, then: \`runa models add FILE\``
    print(machine, json, text)
  })
}

function suggestionRow({ name, fileName, sizeBytes, memoryBytes, fits, licence }: Suggestion): string[] {
  return [name, fileName, formatBytes(sizeBytes), formatBytes(memoryBytes), fits, licence]
}
