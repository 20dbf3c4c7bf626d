import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compilePolicies, createTokenStream, loadPolicyFolders, type Policy } from '#engine/tokenwhisper'
import { compareRates, type Row, rateRow } from './row.ts'

const ROOT = new URL('../../', import.meta.url)
const TOKENS = 20_000
/** What a filter looks back at that tries its expressions at each token: less, and it misses long keys. */
const WINDOW_CHARACTERS = 256
const PEER = 'expressions over the last 256 characters'

/** The default policy in the token loop, against trying the same expressions on the end of the text at each token. */
export async function benchPolicy(): Promise<Row[]> {
  const policies = await loadPolicyFolders([fileURLToPath(new URL('assets/policies', ROOT))])
  const compiled = compilePolicies(policies)
  const tokens = tokensOf(readFileSync(new URL('ARCHITECTURE.md', ROOT), 'utf8'))
  const rows: Row[] = []
  for (const direction of ['output', 'input'] as const) {
    const expressions = expressionsOf(policies, direction)
    const ours = async () => {
      const stream = createTokenStream(compiled, direction)
      for (const token of tokens) stream.push(token)
      stream.end()
    }
    const theirs = async () => {
      let text = ''
      for (const token of tokens) {
        text = (text + token.toString()).slice(-WINDOW_CHARACTERS)
        for (const expression of expressions) expression.test(text)
      }
    }
    const [own, other] = await compareRates(TOKENS, ours, theirs)
    rows.push(rateRow(`tokens of ${direction} judged`, own, PEER, other))
  }
  return rows
}

/** Pieces as a tokenizer makes them: short words whole, longer ones in parts. */
function tokensOf(text: string): Buffer[] {
  const pieces = text.match(/ ?[A-Za-z]{1,6}| ?[0-9]{1,3}| ?[^\sA-Za-z0-9]+|\s+/g) ?? []
  return Array.from({ length: TOKENS }, (_, index) => Buffer.from(pieces[index % pieces.length] ?? ''))
}

function expressionsOf(policies: readonly Policy[], direction: 'input' | 'output'): RegExp[] {
  const rules = policies.flatMap((policy) => policy.rules)
  const patterns = rules
    .filter((rule) => rule.direction === direction || rule.direction === 'both')
    .flatMap((rule) => rule.patterns)
  return patterns.map((pattern) =>
    'regex' in pattern
      ? new RegExp(pattern.regex, pattern.ignoreCase ? 'i' : '')
      : new RegExp(`\\b${pattern.literal}\\b`, 'i'),
  )
}
