import { wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import { SECRET_BYTES_MAX, type Vault } from '../vault.ts'
import type { CovenHandlers } from './handlers.ts'
import type { Ledger } from './ledger.ts'
import { letters } from './letters.ts'

/** Everything that changes what is in the vault. */
export function createChanging(
  vault: Vault,
  ledger: Ledger,
): Pick<CovenHandlers, 'set' | 'grant' | 'remove' | 'removeVersion'> {
  return {
    async set({ name, service, randomBytes, expected, once, leaseMs }, given) {
      if (given.length > SECRET_BYTES_MAX) {
        throw new RunaError('BAD_INPUT', `A secret has at most ${SECRET_BYTES_MAX} bytes.`)
      }
      const known = vault.about(name)
      const about = { operation: expected === 'one' ? 'rotate' : 'set', secret: name, service }
      if (expected === 'one') await ledger.refuseUnknown(about)
      if (expected === 'none' && known) {
        await ledger.refused(about)
        throw new RunaError('SECRET_THERE', `There is a secret named ${name} already.`)
      }
      const value = randomBytes === undefined ? given : letters(randomBytes)
      try {
        await ledger.changing(about)
        const wish = { ...(expected && { expected }), ...(leaseMs !== undefined && { leaseMs }) }
        return {
          output: { version: await vault.set(name, value, { ...wish, once: once ?? known?.once ?? false }) },
        }
      } finally {
        if (value !== given) wipe(value)
      }
    },
    async grant({ name, to, granted, service }) {
      const about = { operation: granted ? `grant to ${to}` : `take from ${to}`, secret: name, service }
      await ledger.refuseUnknown(about)
      await ledger.changing(about)
      await vault.grant(name, to, granted)
      return { output: {} }
    },
    async remove({ name, service }) {
      const about = { operation: 'remove', secret: name, service }
      await ledger.refuseUnknown(about)
      await ledger.changing(about)
      await vault.remove(name)
      return { output: {} }
    },
    async removeVersion({ name, version, service }) {
      const about = { operation: `remove version ${version}`, secret: name, service }
      await ledger.refuseUnknown(about)
      const numbers = vault.versions(name).map((one) => one.version)
      if (!numbers.includes(version) || numbers.length === 1) {
        await ledger.refused(about)
        if (numbers.length === 1 && numbers.includes(version))
          throw new RunaError('BAD_INPUT', `Version ${version} is the only one there is of ${name}.`)
        throw new RunaError('SECRET_UNKNOWN', `${name} has no version ${version} any more.`)
      }
      await ledger.changing(about)
      await vault.removeVersion(name, version)
      return { output: {} }
    },
  }
}
