import type { VaultChange } from '#protocol'
import { type Launch, prepareLaunch } from '../launch.ts'
import { encodeMessage } from '../message.ts'
import type { OpenCoven } from '../open.ts'
import { createDesk } from '../service.ts'
import type { Session } from '../session.ts'
import { openVaultDoor } from './door.ts'
import { createSealable } from './sealable.ts'

export interface CovenSettings {
  /** Where vault and list lie. */
  readonly folder: string
  /** Where the door is made, by which a person opens and seals the vault. Nobody else may enter it. */
  readonly doorFolder: string
  /** Undefined: it begins sealed, and a person opens it. */
  readonly opened: OpenCoven | undefined
}

/** coven, as it stands while Runa runs. */
export interface Coven {
  /** For each gilgul. */
  prepareLaunch(): Launch
  state(): VaultChange['vault']
  close(): Promise<void>
}

/** Answers gilgul, and the person at its door. Rejects with SYSTEM_CALL_FAILED, and then the vault is closed. */
export async function standCoven({ folder, doorFolder, opened }: CovenSettings): Promise<Coven> {
  let session: Session | undefined
  const sealable = createSealable({ folder, opened, onChange: (change) => tellGilgul(session, change) })
  const answer = createDesk(sealable.handlers)
  const door = await openVaultDoor(doorFolder, sealable).catch(async (error) => {
    await sealable.close()
    throw error
  })
  return {
    prepareLaunch() {
      const launch = prepareLaunch({ answer })
      return {
        descriptors: launch.descriptors,
        async attend(pid) {
          session = await launch.attend(pid)
          return session
        },
      }
    },
    state: sealable.state,
    async close() {
      await door.close()
      await sealable.close()
    },
  }
}

/** One that is just being replaced asks for itself, once it is there. */
function tellGilgul(session: Session | undefined, change: VaultChange): void {
  try {
    session?.say(encodeMessage({ event: 'vault', ...change }))
  } catch {}
}
