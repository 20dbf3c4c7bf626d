import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Failure, runAncestor } from '#kernel/gilgul'
import { homePaths, typeable } from '#kernel/home'
import { tell } from '../failure.ts'

export interface UpOptions {
  readonly detach: boolean
  readonly port?: string
  readonly json: boolean
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Starts Runa. In the foreground this process stays, and is the one that outlives gilgul: it loads as little as it can. */
export async function up(options: UpOptions): Promise<void> {
  if (options.port !== undefined && !(/^\d+$/.test(options.port) && Number(options.port) <= 65_535)) {
    const message = `--port takes a number from 0 to 65535, and not '${options.port}'.`
    return end({ code: 'BAD_INPUT', message, advice: '0 takes any free port.' }, options.json, 2)
  }
  return options.detach ? await startDetached(options) : await stayInForeground(options)
}

async function stayInForeground({ port, json }: UpOptions): Promise<void> {
  const stopping = new AbortController()
  const stop = () => {
    if (!stopping.signal.aborted) process.stderr.write('Stopping ...\n')
    stopping.abort()
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  const failure = await runAncestor({
    paths: homePaths(),
    ...(port === undefined ? {} : { port }),
    stopping: stopping.signal,
    onProgress: (text) => process.stderr.write(`${typeable(text)}\n`),
    onReady({ url, loginUrl }) {
      if (url === '') process.stderr.write('Runa runs, but without its page.\n')
      process.stdout.write(`${json ? JSON.stringify({ url, loginUrl }) : loginUrl}\n`)
    },
  })
  if (failure) end(failure, json, 1)
}

function end(failure: Failure, json: boolean, exitCode: number): void {
  tell(failure, json)
  process.exitCode = exitCode
}

/** Starts the same in a session of its own, shows what it says until it is ready, and leaves it alone. */
async function startDetached({ port, json }: UpOptions): Promise<void> {
  const portArguments = port === undefined ? [] : ['--port', port]
  const child = spawn(process.execPath, [MAIN, 'up', ...portArguments, ...(json ? ['--json'] : [])], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = () => void child.kill('SIGTERM')
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  child.stderr.pipe(process.stderr)
  const ready = once(createInterface({ input: child.stdout }), 'line').then(([line]: string[]) => line)
  const ended = once(child, 'close').then(([status]: (number | null)[]) => status ?? 1)
  const first = await Promise.race([ready, ended])
  if (typeof first === 'number') process.exitCode = first
  else process.stdout.write(`${first}\n`)
  process.exit()
}
