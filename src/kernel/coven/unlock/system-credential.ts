import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createKey, KEY_BYTES, moveSecret, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'

/**
 * Which key of the machine seals, as systemd-creds names them: its own file, readable by root alone; a TPM; both; or whatever
 * of these there is.
 */
export const SYSTEM_KEYS = ['auto', 'host', 'tpm2', 'host+tpm2'] as const
export type SystemKey = (typeof SYSTEM_KEYS)[number]

/** What is sealed says what it is for: another credential of this machine does not pass for it. */
const NAME = 'runa-vault'
/** A TPM takes its time; a person at the terminal of one that waits for more does not. */
const TIME_MS = 30_000
const OUTPUT_BYTES_MAX = 16_384

/** A key from chance, which only this machine can open. In base64. Rejects with MACHINE_KEY_FAILED. */
export async function sealByMachine(systemKey: SystemKey): Promise<string> {
  const key = createKey()
  try {
    const sealed = await askSystem(['encrypt', `--with-key=${systemKey}`], key)
    return sealed.toString('latin1').replaceAll(/\s/g, '')
  } finally {
    wipe(key)
  }
}

/** The caller wipes it. Rejects with MACHINE_KEY_FAILED. */
export async function openByMachine(credential: string): Promise<Buffer> {
  const opened = moveSecret(await askSystem(['decrypt'], Buffer.from(credential, 'latin1')))
  if (opened.length === KEY_BYTES) return opened
  wipe(opened)
  throw new RunaError('MACHINE_KEY_FAILED', 'What systemd-creds opened is no key of a vault.')
}

async function askSystem(words: readonly string[], input: Buffer): Promise<Buffer> {
  const child = spawn('systemd-creds', [...words, `--name=${NAME}`, '-', '-'], {
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/bin`, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIME_MS,
    killSignal: 'SIGKILL',
  })
  const ended = once(child, 'close') as Promise<[number | null]>
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-1_000)
  })
  const pieces: Buffer[] = []
  child.stdout.on('data', (piece: Buffer) => void pieces.push(piece))
  try {
    const [status] = await ended.catch((cause: NodeJS.ErrnoException) => {
      const message = cause.code === 'ENOENT' ? 'There is no systemd-creds here.' : String(cause)
      throw new RunaError('MACHINE_KEY_FAILED', message, { cause })
    })
    const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
    if (status === 0 && sizeBytes <= OUTPUT_BYTES_MAX) return Buffer.concat(pieces)
    const because = said.trim().split('\n').at(-1) ?? ''
    throw new RunaError(
      'MACHINE_KEY_FAILED',
      `systemd-creds ended with ${status}: ${because || 'it said nothing'}`,
    )
  } finally {
    wipe(...pieces)
  }
}
