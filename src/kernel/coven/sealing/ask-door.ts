import { closeSync, openSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import * as z from 'zod'
import { wipe } from '#kernel/seal'
import { isOfThisUser } from '#kernel/sys'
import { fromErrorPayload, parseOrThrow, RunaError, vaultChangeSchema } from '#protocol'
import { decodeMessage, encodeMessage } from '../message.ts'
import { type DoorOperation, doorPathIn } from './door.ts'
import { frameOf, readFrame } from './door-frame.ts'

/** Making a key of a passphrase takes about a second, and longer on a machine under load. */
const PATIENCE_MS = 60_000

const answerSchema = vaultChangeSchema.extend({ changed: z.boolean() })
export type DoorAnswer = z.infer<typeof answerSchema>

/**
 * For a person: opens or seals the vault of the coven that runs. `folder`: where its door is. The caller wipes the
 * passphrase. Rejects with NOT_RUNNING where nobody is there, BUS_FORBIDDEN where the door is another user's,
 * DEADLINE_EXCEEDED, or with what coven says.
 */
export async function askDoor(
  folder: string,
  operation: DoorOperation,
  passphrase: Buffer = Buffer.alloc(0),
): Promise<DoorAnswer> {
  const socket = await knockAt(folder)
  const timer = setTimeout(() => socket.destroy(new RunaError('DEADLINE_EXCEEDED')), PATIENCE_MS)
  try {
    refuseStranger(socket)
    const request = frameOf(encodeMessage({ operation }, passphrase))
    socket.write(request, () => wipe(request))
    const { head } = decodeMessage(await readFrame(socket))
    if (head['error'] !== undefined) throw fromErrorPayload(head['error'])
    return parseOrThrow(answerSchema, head, 'COVEN_LINK_BROKEN')
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

async function knockAt(folder: string): Promise<Socket> {
  let folderFd: number | undefined
  try {
    folderFd = openSync(folder, 'r')
    const socket = createConnection(doorPathIn(folderFd))
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.on('error', () => {})
    return socket
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    if (['ENOENT', 'ECONNREFUSED'].includes(code)) throw new RunaError('NOT_RUNNING', undefined, { cause })
    throw new RunaError('SYSTEM_CALL_FAILED', `coven does not open its door: ${code}.`, { cause })
  } finally {
    if (folderFd !== undefined) closeSync(folderFd)
  }
}

/** Whoever else sits there would learn the passphrase. */
function refuseStranger(socket: Socket): void {
  if (isOfThisUser(socket)) return
  throw new RunaError('BUS_FORBIDDEN', 'The door of the vault belongs to another user.')
}
