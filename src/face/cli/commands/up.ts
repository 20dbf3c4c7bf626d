import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { howItOpens, type OpenCoven, standCoven } from '#kernel/coven'
import { type AncestorCoven, type Failure, findOccupant, runAncestor } from '#kernel/gilgul'
import { homePaths, programPath, typeable } from '#kernel/home'
import { wipe } from '#kernel/seal'
import { tell } from '../failure.ts'
import { canAsk } from '../hidden-input.ts'
import { closeToOthers, findPassphrase, openVaultOf } from '../vault.ts'

export interface UpOptions {
  readonly detach: boolean
  readonly port?: string
  readonly json: boolean
  /** False with --without-coven. */
  readonly coven: boolean
  readonly passphraseStdin: boolean
  readonly newList: boolean
}

const MAIN = programPath('face/cli/main.js')
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Starts Runa. In the foreground this process stays, and is the one that outlives gilgul and has the vault open. */
export async function up(options: UpOptions): Promise<void> {
  if (options.port !== undefined && !(/^\d+$/.test(options.port) && Number(options.port) <= 65_535)) {
    const message = `--port takes a number from 0 to 65535, and not '${options.port}'.`
    return end({ code: 'BAD_INPUT', message, advice: '0 takes any free port.' }, options.json, 2)
  }
  return options.detach ? await startDetached(options) : await stayInForeground(options)
}

async function stayInForeground(options: UpOptions): Promise<void> {
  const { port, json, coven } = options
  const stopping = new AbortController()
  const stop = () => {
    if (!stopping.signal.aborted) process.stderr.write('Stopping ...\n')
    stopping.abort()
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  if (!coven)
    say('Runa starts without coven: it has no secrets, shows no boards, and keeps nothing of what you say.')
  const failure = await runAncestor({
    paths: homePaths(),
    ...(port === undefined ? {} : { port }),
    heir: [
      process.execPath,
      ...process.execArgv,
      MAIN,
      'up',
      ...wordsFor({ ...options, newList: false }, false),
    ],
    ...(coven ? { openCoven: (isHeir) => becomeCoven(options, stopping.signal, isHeir) } : {}),
    stopping: stopping.signal,
    onProgress: say,
    onReady({ url, loginUrl }) {
      if (url === '') process.stderr.write('Runa runs, but without its page.\n')
      process.stdout.write(`${json ? JSON.stringify({ url, loginUrl }) : loginUrl}\n`)
    },
  })
  if (failure) end(failure, json, 1)
}

async function becomeCoven(options: UpOptions, signal: AbortSignal, isHeir: boolean): Promise<AncestorCoven> {
  const { vault: folder, run: doorFolder } = homePaths()
  closeToOthers()
  const opened = await openNow(options, signal).catch((error: unknown) => {
    if (!isHeir) throw error
    say(`The vault did not open: ${error instanceof Error ? error.message : error}`)
    return undefined
  })
  if (opened?.madeKeyFile !== undefined) say(explainKeyFile(opened.madeKeyFile))
  if (!opened) say(SEALED)
  return await standCoven({ folder, doorFolder, opened })
}

/** Undefined where it takes a passphrase, and nobody is there to type it: the vault is opened later. */
async function openNow(options: UpOptions, signal: AbortSignal): Promise<OpenCoven | undefined> {
  if (await isLeftSealed(options)) return undefined
  const { passphraseStdin, newList } = options
  return await openVaultOf({ folder: homePaths().vault, passphraseStdin, signal }, { newList })
}

async function isLeftSealed({ passphraseStdin, newList }: UpOptions): Promise<boolean> {
  if (passphraseStdin || newList || canAsk()) return false
  return (await howItOpens(homePaths().vault)) === 'passphrase'
}

const SEALED =
  'The vault is sealed: services that need a secret wait until it is opened, with `runa secret unseal`.'

function explainKeyFile(path: string): string {
  return [
    `Secrets and what you say here are sealed with a key that was just made: ${path}.`,
    'It protects copies that leave this file out, and does not help against whoever has this whole disk or your account;',
    'a passphrase helps against a stolen disk: `runa down`, then `runa secret passphrase`.',
  ].join('\n')
}

function say(text: string): void {
  process.stderr.write(`${typeable(text)}\n`)
}

function end(failure: Failure, json: boolean, exitCode: number): void {
  tell(failure, json)
  process.exitCode = exitCode
}

/** Starts the same in a session of its own, shows what it says until it is ready, and leaves it alone. */
async function startDetached(options: UpOptions): Promise<void> {
  const paths = homePaths()
  const occupant = findOccupant(paths)
  if (occupant) return end(occupant, options.json, 1)
  const { passphraseStdin, coven } = options
  const isAsked = coven && !(await isLeftSealed(options))
  const passphrase = isAsked ? await findPassphrase({ folder: paths.vault, passphraseStdin }) : undefined
  const child = spawn(process.execPath, [MAIN, 'up', ...wordsFor(options, passphrase !== undefined)], {
    detached: true,
    stdio: [passphrase ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  if (passphrase) handOn(passphrase, child)
  const stop = () => void child.kill('SIGTERM')
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  child.stderr?.pipe(process.stderr)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const ready = once(lines, 'line').then(([line]: string[]) => line)
  const ended = once(child, 'close').then(([status]: (number | null)[]) => status ?? 1)
  const first = await Promise.race([ready, ended])
  if (typeof first === 'number') process.exitCode = first
  // Empty: without a page, as while the vault is sealed.
  else if (first !== '') process.stdout.write(`${first}\n`)
  process.exit()
}

function wordsFor({ port, json, coven, newList }: UpOptions, hasPassphrase: boolean): string[] {
  const flags = {
    '--json': json,
    '--without-coven': !coven,
    '--new-list': newList,
    '--passphrase-stdin': hasPassphrase,
  }
  const given = Object.entries(flags).flatMap(([flag, isGiven]) => (isGiven ? [flag] : []))
  return [...(port === undefined ? [] : ['--port', port]), ...given]
}

/** Through a pipe: arguments and environment can be read by others. */
function handOn(passphrase: Buffer, child: ChildProcess): void {
  const line = Buffer.concat([passphrase, Buffer.from('\n')])
  wipe(passphrase)
  child.stdin?.on('error', () => {})
  child.stdin?.end(line, () => wipe(line))
}
