import { type AuditEntry, RunaError } from '#protocol'
import type { Audit } from '../audit.ts'
import type { Vault } from '../vault.ts'

/** What is written down of a request. */
type About = Pick<AuditEntry, 'operation' | 'secret' | 'service'>

/** Writes down what is asked for before it is done. Everything rejects with AUDIT_FAILED: then it must not be done. */
export interface Ledger {
  given(about: About): Promise<void>
  refused(about: About): Promise<void>
  /** Of what is about to change the vault. */
  changing(about: About): Promise<void>
  /** Rejects with SECRET_UNKNOWN, once that is written down. */
  refuseUnknown(about: About): Promise<void>
}

export function createLedger(vault: Vault, audit: Pick<Audit, 'append'>, now: () => number): Ledger {
  const write = (about: About, outcome: AuditEntry['outcome'], revision = vault.revision()) =>
    audit.append({ ...about, at: now(), outcome, revision })
  return {
    given: (about) => write(about, 'granted'),
    refused: (about) => write(about, 'refused'),
    changing: (about) => write(about, 'granted', vault.revision() + 1),
    async refuseUnknown(about) {
      if (vault.about(about.secret)) return
      await write(about, 'refused')
      throw new RunaError('SECRET_UNKNOWN', `There is no secret named ${about.secret}.`)
    },
  }
}
