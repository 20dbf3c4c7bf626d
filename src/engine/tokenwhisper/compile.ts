import { createHash } from 'node:crypto'
import { RunaError } from '#protocol'
import { buildMatcher, type Matcher } from './matcher.ts'
import type { Policy } from './policy.ts'

/** Policies, ready for use. It is never changed, so any number of streams may share it. */
export interface CompiledPolicy {
  /** SHA-256, in hex, over the hashes of the policies. */
  readonly hash: string
  readonly policies: readonly Policy[]
  readonly input: Matcher
  readonly output: Matcher
}

/** Makes one automaton for each direction out of all policies. Throws POLICY_INVALID where they do not go together. */
export function compilePolicies(policies: readonly Policy[]): CompiledPolicy {
  const ids = policies.map((policy) => policy.id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw new RunaError('POLICY_INVALID', `Two policies have the id '${twice}'.`)
  const hash = createHash('sha256')
  for (const policy of policies) hash.update(policy.hash)
  return {
    hash: hash.digest('hex'),
    policies,
    input: buildMatcher(policies, 'input'),
    output: buildMatcher(policies, 'output'),
  }
}
