import { createKey, deriveKey } from '#kernel/seal'
import type { KeyTable } from '#kernel/service'

/** Keys for what people say on the bus: one a contract, and fresh ones in each life of gilgul. */
export interface Words {
  /** Copies: whoever passes them on may wipe them. None where the bus does not seal: who has keys refuses such a bus. */
  keysOf(contracts: readonly string[]): KeyTable
}

export function createWords({ sealed = true } = {}): Words {
  const root = createKey()
  const keyOf = (contract: string) => deriveKey(root, `runa words ${contract}`)
  return {
    keysOf: (contracts) => new Map(sealed ? contracts.map((contract) => [contract, keyOf(contract)]) : []),
  }
}
