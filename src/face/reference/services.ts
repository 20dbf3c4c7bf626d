import { type Contract, isOperationSensitive, type Operation } from '#protocol'
import { type Field, fieldsOf } from './fields.ts'

/** What stands above each operation in the file of its contract, by `contract.operation`. */
export type Remarks = ReadonlyMap<string, string>

const INTRODUCTION = `# The services and what they offer

Made from \`src/protocol/contracts/\` by \`npm run docs\`. Do not edit it: a test compares.

Every call may also end with the errors that [errors.md](errors.md) marks as common. **sensitive** fields carry people's
words: they are never logged, and an operation that has one is sealed on the bus in all that it asks, answers and refuses.
A stream sends any number of items, and waits once as many as its window are not consumed.
Offsets and sizes are bytes, times are milliseconds, moments are milliseconds since 1970.
`

export function printServices(contracts: readonly Contract[], remarks: Remarks): string {
  return [INTRODUCTION, ...contracts.map((contract) => printContract(contract, remarks))].join('\n')
}

function printContract(contract: Contract, remarks: Remarks): string {
  const operations = Object.entries(contract.operations).map(([name, operation]) =>
    printOperation(name, operation, remarks.get(`${contract.name}.${name}`)),
  )
  const events = Object.entries(contract.events).map(
    ([name, schema]) => `### event \`${name}\`\n\n${table('payload', fieldsOf(schema, 'output'))}`,
  )
  const head = `## ${contract.name}\n\nVersion ${contract.version} of the contract.\n`
  return [head, ...operations, ...events].join('\n')
}

function printOperation(name: string, operation: Operation, remark: string | undefined): string {
  const { timeoutMs, runningMax } = operation.limits
  const isStream = 'item' in operation
  const limits = [
    isStream ? `a stream with a window of ${operation.windowItems} items` : 'one answer',
    `deadline ${(timeoutMs / 1_000).toLocaleString('en')} s`,
    `${runningMax} at once`,
    ...(isOperationSensitive(operation) ? ['sealed on the bus'] : []),
  ]
  const errors = operation.errors.map((code) => `\`${code}\``).join(', ')
  return [
    `### ${name}\n`,
    ...(remark ? [`${remark}\n`] : []),
    `${limits.join(', ')}.${errors ? ` Errors: ${errors}.` : ''}\n`,
    table('input', fieldsOf(operation.input, 'input')),
    table(isStream ? 'item' : 'output', fieldsOf(isStream ? operation.item : operation.output, 'output')),
  ].join('\n')
}

function table(title: string, fields: readonly Field[]): string {
  if (fields.length === 0) return `No ${title}.\n`
  const rows = fields.map(
    ({ path, type, notes }) => `| \`${path}\` | ${escapePipes(type)} | ${escapePipes(notes)} |`,
  )
  return [`| ${title} | type | |`, '|---|---|---|', ...rows, ''].join('\n')
}

export function escapePipes(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** Reads the remark that stands right above an operation: four spaces deep, as the formatter leaves it. */
export function remarksIn(contractName: string, source: string): [string, string][] {
  const above = /^ {4}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {4}(\w+): \{$/gm
  return [...source.matchAll(above)].map(([, remark = '', operation = '']) => [
    `${contractName}.${operation}`,
    remark
      .split('\n')
      .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
      .join(' ')
      .trim(),
  ])
}
