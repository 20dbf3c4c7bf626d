import { closeSync, openSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { wipe } from '#kernel/seal'
import { isOfThisUser, listenForUser } from '#kernel/sys'
import { RunaError, toErrorPayload } from '#protocol'
import { decodeMessage, encodeMessage } from '../message.ts'
import { frameOf, readFrame } from './door-frame.ts'
import type { Sealable } from './sealable.ts'

/** A person types; nobody else has anything to say here. */
const GUESTS_MAX = 4
/** To say what one wants, or to hear it. Making a key of a passphrase takes about a second. */
const GUEST_MS = 60_000

/** What can be asked at the door. A passphrase travels beside it, as bytes. */
const DOOR_OPERATIONS = ['state', 'seal', 'unseal'] as const
export type DoorOperation = (typeof DOOR_OPERATIONS)[number]

const ERRORS_TOLD = [
  ...['BUSY', 'VAULT_KEY_WRONG', 'VAULT_KEY_MISSING', 'VAULT_CORRUPT', 'VAULT_VERSION', 'VAULT_MISSING'],
  ...['VAULT_OLDER', 'AUDIT_BROKEN', 'AUDIT_FAILED', 'RUNNING_ALREADY', 'SYSTEM_CALL_FAILED', 'DISK_FULL'],
  'MACHINE_KEY_FAILED',
] as Parameters<typeof toErrorPayload>[2]

export interface VaultDoor {
  close(): Promise<void>
}

/** A path may be longer than the address of a socket; that of an open folder is short. */
export function doorPathIn(folderFd: number): string {
  return `/proc/self/fd/${folderFd}/coven.sock`
}

/**
 * Where a person opens and seals the vault of a coven that runs: a socket of coven's own in `folder`, which nobody else may
 * enter. So a passphrase passes neither through gilgul nor over the bus. Rejects with SYSTEM_CALL_FAILED.
 */
export async function openVaultDoor(folder: string, sealable: Sealable): Promise<VaultDoor> {
  const folderFd = openSync(folder, 'r')
  const path = doorPathIn(folderFd)
  const guests = new Set<Socket>()
  const server = createServer((guest) => {
    guests.add(guest)
    guest.once('close', () => guests.delete(guest))
    // A guest that goes away early is no fault of ours.
    guest.on('error', () => {})
    guest.setTimeout(GUEST_MS, () => guest.destroy())
    if (isOfThisUser(guest)) void receive(guest, sealable).catch(() => guest.destroy())
    else guest.destroy()
  })
  server.maxConnections = GUESTS_MAX
  try {
    // Of a coven that was killed.
    rmSync(join(folder, 'coven.sock'), { force: true })
    await listenForUser(server, path)
  } catch (cause) {
    closeSync(folderFd)
    throw new RunaError('SYSTEM_CALL_FAILED', `The door of the vault cannot be made in ${folder}.`, { cause })
  }
  return {
    async close() {
      for (const guest of guests) guest.destroy()
      await new Promise((resolve) => server.close(resolve))
      closeSync(folderFd)
    },
  }
}

async function receive(guest: Socket, sealable: Sealable): Promise<void> {
  const frame = await readFrame(guest)
  try {
    const { head, value } = decodeMessage(frame)
    const answer = await perform(sealable, head['operation'], value).catch((error: unknown) => ({
      error: toErrorPayload(error, 'coven', ERRORS_TOLD),
    }))
    guest.end(frameOf(encodeMessage(answer)))
  } finally {
    wipe(frame)
  }
}

async function perform(sealable: Sealable, operation: unknown, value: Buffer) {
  const before = sealable.state()
  if (operation === 'unseal') await sealable.unseal(value.length > 0 ? value : undefined)
  else if (operation === 'seal') await sealable.seal()
  else if (operation !== 'state') throw new RunaError('UNKNOWN_OPERATION')
  const vault = sealable.state()
  return { vault, changed: vault !== before }
}
