import { createKey, deriveKey } from '#kernel/seal'
import type { KeyTable } from '#kernel/service'

/** Keys for what people say on the bus: one a contract, and fresh ones in each life of gilgul. */
export interface Words {
  /** Copies: whoever passes them on may wipe them. */
  keysOf(contracts: readonly string[]): KeyTable
}

export function createWords(root: Buffer = createKey()): Words {
  const keyOf = (contract: string) => deriveKey(root, `runa words ${contract}`)
  return { keysOf: (contracts) => new Map(contracts.map((contract) => [contract, keyOf(contract)])) }
}
