import { createHash } from 'node:crypto'
import { RunaError } from '#protocol'
import { checkText } from './check.ts'
import { type CompiledPolicy, compilePolicies } from './compile.ts'
import { type Contacts, listContacts } from './contacts.ts'
import { readPattern } from './matcher.ts'
import { appliesTo, type Policy, policySchema, type Rule } from './policy.ts'
import type { Direction } from './verdict.ts'
import { readYaml, type YamlFault } from './yaml.ts'

const CONTACTS_MARK = '{contacts}'
const DIRECTIONS: readonly Direction[] = ['input', 'output']

/**
 * Reads a policy file and tries it on its own examples. Throws POLICY_INVALID, which names each line and rule that is
 * wrong: a mistake in the YAML, a field, an expression, or an example that is not judged as it says.
 */
export function loadPolicy(yamlText: string, contacts: Contacts = []): Policy {
  const { value, fail } = readYaml(yamlText, policySchema)
  const rules = value.rules.map((rule) => fillReply(rule, contacts))
  const content = { ...value, rules }
  const policy: Policy = { ...content, hash: hashOf(content) }
  const faults = [...findDuplicates(policy), ...findMissingContacts(policy), ...findWrongPatterns(policy)]
  if (faults.length > 0) throw fail(faults)
  const compiled = compilePolicies([policy])
  const failed = policy.rules.flatMap((rule, index) => findFailingExamples(compiled, rule, index))
  if (failed.length > 0) throw fail(failed)
  return policy
}

function fillReply(rule: Rule, contacts: Contacts): Rule {
  if (rule.reply === undefined || contacts.length === 0) return rule
  return { ...rule, reply: rule.reply.replaceAll(CONTACTS_MARK, () => listContacts(contacts)) }
}

function findMissingContacts({ rules }: Policy): YamlFault[] {
  return rules.flatMap((rule, index) => {
    if (!rule.reply?.includes(CONTACTS_MARK)) return []
    return [
      { path: ['rules', index, 'reply'], message: `names ${CONTACTS_MARK}, and there is no contacts.yaml` },
    ]
  })
}

function findDuplicates({ rules }: Policy): YamlFault[] {
  const ids = rules.map((rule) => rule.id)
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index
      ? []
      : [{ path: ['rules', index, 'id'], message: 'another rule has this id already' }],
  )
}

function findWrongPatterns(policy: Policy): YamlFault[] {
  return policy.rules.flatMap((rule, order) =>
    rule.patterns.flatMap((pattern, index): YamlFault[] => {
      const path = ['rules', order, 'patterns', index]
      try {
        const readings = readPattern(pattern, { policy, rule, order })
        const isEmpty = readings.some(({ target }) => target.keyBytes === 0)
        return isEmpty ? [{ path, message: 'holds nothing that can be seen' }] : []
      } catch (error) {
        if (error instanceof RunaError && error.code === 'POLICY_INVALID') {
          return [{ path, message: error.message }]
        }
        throw error
      }
    }),
  )
}

function findFailingExamples(policy: CompiledPolicy, rule: Rule, index: number): YamlFault[] {
  const directions = DIRECTIONS.filter((direction) => appliesTo(rule, direction))
  const faults = (kind: 'match' | 'noMatch', message: string) =>
    rule.examples[kind].flatMap((example, place): YamlFault[] => {
      const asSaid = directions.every(
        (direction) => isCaught(policy, rule, example, direction) === (kind === 'match'),
      )
      return asSaid ? [] : [{ path: ['rules', index, 'examples', kind, place], message }]
    })
  return [
    ...faults('match', 'this example is not caught by its rule'),
    ...faults('noMatch', 'this example is caught, and must not be'),
  ]
}

function isCaught(policy: CompiledPolicy, rule: Rule, example: string, direction: Direction): boolean {
  return checkText(policy, example, direction).verdicts.some((verdict) => verdict.rule === rule.id)
}

/** Does not depend on the order of fields, on comments, or on how the YAML was laid out. */
function hashOf(content: Omit<Policy, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  const sorted = fields.sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${sorted.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`
}
