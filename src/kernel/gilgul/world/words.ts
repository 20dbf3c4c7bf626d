import { deriveKey } from '#kernel/seal'
import type { KeyTable } from '#kernel/service'

/** Keys for what people say on the bus: one a contract, and fresh ones in each world. */
export interface Words {
  /** Copies: whoever passes them on may wipe them. None where the bus does not seal: who has keys refuses such a bus. */
  keysOf(contracts: readonly string[]): KeyTable
  /**
   * What a service of this world proves with who it is: coven has a key for each, but tells it only while its vault is open.
   * A copy.
   */
  identityOf(service: string): Buffer
}

/** `root`: from chance, once for each world, and never outside of gilgul and the estate. */
export function createWords(root: Buffer, { sealed = true } = {}): Words {
  const keyOf = (contract: string) => deriveKey(root, `runa words ${contract}`)
  return {
    keysOf: (contracts) => new Map(sealed ? contracts.map((contract) => [contract, keyOf(contract)]) : []),
    identityOf: (service) => deriveKey(root, `runa identity ${service}`),
  }
}
