import {
  type CompiledPolicy,
  checkInput,
  compilePolicies,
  createTokenStream,
  loadPolicyFolders,
} from '#engine/tokenwhisper'
import { createOpenGuard, type Guard } from './guard.ts'

/**
 * What ships with Runa and what its owner wrote, compiled. Rejects with POLICY_INVALID: no engine answers unguarded
 * because a file is broken, only because its owner said so.
 */
export async function loadGuard(isEnabled: boolean, folders: readonly string[]): Promise<Guard> {
  if (!isEnabled) return createOpenGuard()
  return guardBy(compilePolicies(await loadPolicyFolders(folders)))
}

export function guardBy(policy: CompiledPolicy): Guard {
  return {
    hash: policy.hash,
    check: (text) => checkInput(policy, text),
    openGate: () => createTokenStream(policy, 'output'),
  }
}
