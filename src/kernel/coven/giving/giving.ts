import { wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import type { Vault } from '../vault.ts'
import type { CovenHandlers } from './handlers.ts'
import type { Ledger } from './ledger.ts'

/** Everything by which a secret leaves the vault. */
export function createGiving(
  vault: Vault,
  ledger: Ledger,
): Pick<CovenHandlers, 'reveal' | 'identity' | 'endLease'> {
  return {
    async reveal({ name, service, version, described, exported }) {
      const known = vault.about(name)
      const about = { operation: exported ? 'export' : 'reveal', secret: name, service }
      // Who was not granted a secret does not learn either whether there is one of that name.
      if (!known || !(described || known.grants.includes(service))) {
        await ledger.refused(about)
        throw new RunaError('SECRET_NOT_GRANTED', `${service} was not granted ${name}.`)
      }
      const { leaseMs, once } = known
      if (!once) {
        const revealed = await readKnowing(vault, name, version, () => ledger.given(about))
        return { output: { version: revealed.version, leaseMs, once }, value: revealed.value }
      }
      if (exported || (version !== undefined && version !== known.version)) {
        await ledger.refused(about)
        throw new RunaError('SECRET_NOT_GRANTED', `${name} is given out one time, as it is.`)
      }
      await ledger.changing({ ...about, operation: 'reveal once' })
      const taken = await vault.take(name)
      return { output: { version: taken.version, leaseMs, once }, value: taken.value }
    },
    async endLease({ name, of, service }) {
      await ledger.given({ operation: `end lease of ${of}`, secret: name, service })
      return { output: {} }
    },
    async identity({ service }) {
      await ledger.changing({ operation: 'identity', secret: '', service })
      return { output: {}, value: await vault.identity(service) }
    },
  }
}

async function readKnowing(
  vault: Vault,
  name: string,
  version: number | undefined,
  write: () => Promise<void>,
): Promise<ReturnType<Vault['read']>> {
  const revealed = vault.read(name, version)
  try {
    await write()
    return revealed
  } catch (error) {
    wipe(revealed.value)
    throw error
  }
}
