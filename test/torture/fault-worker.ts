import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

// A trivial service that dies of what it is told to, for as long as the file `armed` lies in its folder; some faults take
// that file away themselves, so that they happen once.

const {
  FOLDER = '',
  RUNA_SERVICE: name = '',
  FAULT: fault = '',
  DETAIL: detail = '',
  ENTER: enter = '',
} = process.env
const [kind = '', moment = ''] = fault.split('@')
const armed = join(FOLDER, 'armed')

function die(line: string, code = 1): never {
  process.stderr.write(`${line}\n`)
  process.exit(code)
}

function hang(): never {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
}

function compute(durationMs: number): void {
  const untilMs = performance.now() + durationMs
  while (performance.now() < untilMs) Math.sqrt(untilMs)
}

/** As a shell would: what it says is its log, how it ends is how this ends. */
function runInPlace(command: readonly string[]): never {
  const [file = '', ...words] = command
  const { status, signal, error } = spawnSync(file, words, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error) throw error
  if (signal !== null) process.kill(process.pid, signal)
  process.exit(status ?? 1)
}

const grabbed: unknown[] = []
const FAULTS: Readonly<Record<string, () => unknown>> = {
  signal: () => process.kill(process.pid, detail as NodeJS.Signals),
  exit: () => process.exit(Number(detail)),
  throw: () => {
    throw new TypeError('Cannot read properties of undefined')
  },
  range: () => {
    throw new RangeError('Invalid array length')
  },
  reject: () => Promise.reject(new Error('Nobody waits for this')),
  recurse: function again(): void {
    again()
  },
  say: () => die(detail),
  heap: () => {
    for (;;) grabbed.push(Array.from({ length: 100_000 }, (_, index) => ({ index })))
  },
  grab: () => {
    for (;;) grabbed.push(Buffer.alloc(8 * 2 ** 20, 1))
  },
  listen: () => once(createServer().listen(Number(detail), '127.0.0.1'), 'listening'),
  read: () => void readFileSync(detail),
  json: () => void JSON.parse(readFileSync(detail, 'utf8')),
  arguments: () => void parseArgs({ args: [detail], options: {} }),
  run: () => runInPlace(JSON.parse(detail) as string[]),
  fill: () => {
    for (;;) writeFileSync(detail, Buffer.alloc(65_536), { flag: 'a' })
  },
  open: () => {
    for (;;) grabbed.push(openSync('/dev/null', 'r'))
  },
  hang,
  stubborn: () => {
    process.on('SIGTERM', () => {})
    hang()
  },
  spin: () => compute(600_000),
  pause: () => process.kill(process.pid, 'SIGSTOP'),
  slow: () => compute(Number(detail)),
  slowReading: () => {
    const untilMs = performance.now() + Number(detail)
    while (performance.now() < untilMs) {
      readFileSync(process.execPath)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
  },
}

async function act(at: string): Promise<void> {
  if (moment !== at || !existsSync(armed)) return
  if (kind.startsWith('once-')) rmSync(armed)
  const wanted = kind.replace(/^once-/, '')
  if (wanted === 'import') await import(detail)
  else await FAULTS[wanted]?.()
}

let beat = 0
const beating = join(process.env['BEATS'] ?? FOLDER, `${name}.beat`)
// Into a group of processes, before anything is taken.
if (enter !== '' && existsSync(armed)) spawnSync('sh', ['-c', enter])
await act('start')
setInterval(() => writeFileSync(beating, `${process.pid} ${++beat}`), 50)
writeFileSync(beating, `${process.pid} 0`)
// What is to happen while it runs waits for a word, so that it surely ran.
const waiting = setInterval(() => {
  if (!existsSync(join(FOLDER, 'now'))) return
  clearInterval(waiting)
  void act('ready')
}, 20)
