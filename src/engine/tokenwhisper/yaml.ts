import { LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { offsetOf, RunaError, wordIssue } from '#protocol'
import { POLICY_LIMITS } from './policy.ts'

const FAULTS_SHOWN_MAX = 10

export interface YamlFault {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

export interface ReadYaml<Value> {
  readonly value: Value
  /** An error that names the line and the rule of each fault. */
  fail(faults: readonly YamlFault[]): RunaError
}

/** Reads a YAML text into what `schema` describes. Throws POLICY_INVALID, which names each line that is wrong. */
export function readYaml<Schema extends z.ZodType>(text: string, schema: Schema): ReadYaml<z.output<Schema>> {
  if (Buffer.byteLength(text) > POLICY_LIMITS.fileBytes) {
    throw new RunaError('POLICY_INVALID', `The file is larger than ${POLICY_LIMITS.fileBytes} bytes.`)
  }
  const { content, fail } = parseYaml(text)
  const result = schema.safeParse(content, { error: wordIssue })
  if (result.success) return { value: result.data, fail }
  throw fail(result.error.issues)
}

function parseYaml(text: string): { content: unknown; fail: (faults: readonly YamlFault[]) => RunaError } {
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const [fault] = document.errors
    if (fault) {
      throw new RunaError('POLICY_INVALID', `Line ${lines.linePos(fault.pos[0]).line}: ${fault.message}`)
    }
    const content: unknown = document.toJS()
    const fail = (faults: readonly YamlFault[]) => {
      const sentences = faults.slice(0, FAULTS_SHOWN_MAX).map(({ path, message }) => {
        const { line } = lines.linePos(offsetOf(document.contents, path) ?? 0)
        return `Line ${line}, ${nameOf(content, path)}: ${message}`
      })
      const more = faults.length > FAULTS_SHOWN_MAX ? ` (and ${faults.length - FAULTS_SHOWN_MAX} more)` : ''
      return new RunaError('POLICY_INVALID', sentences.join('; ') + more)
    }
    return { content, fail }
  } catch (cause) {
    if (cause instanceof RunaError) throw cause
    throw new RunaError('POLICY_INVALID', 'The file cannot be read as YAML.', { cause })
  }
}

/** Such as `rule 'github-token', patterns.0.regex`. */
function nameOf(content: unknown, path: readonly PropertyKey[]): string {
  const [top, index, ...rest] = path
  if (top !== 'rules' || typeof index !== 'number') return path.join('.') || 'the file'
  const rules = (content as { rules?: readonly { id?: unknown }[] }).rules
  const id = rules?.[index]?.id
  const rule = typeof id === 'string' ? `rule '${id}'` : `rule ${index + 1}`
  return [rule, rest.join('.')].filter((part) => part !== '').join(', ')
}
