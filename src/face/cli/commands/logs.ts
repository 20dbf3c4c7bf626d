import { closeSync, fstatSync, openSync, readdirSync, readSync, watch } from 'node:fs'
import { basename, join } from 'node:path'
import { homePaths } from '#kernel/home'
import { RunaError } from '#protocol'
import { harmless } from '../harmless.ts'
import { wholeNumber } from '../output.ts'

export interface LogsOptions {
  readonly follow: boolean
  readonly lines: string
  readonly json: boolean
}

const LINES_MAX = 100_000
/** Read from the end of a file, when it is first shown. */
const TAIL_BYTES_MAX = 4 * 2 ** 20

interface LogFile {
  readonly service: string
  readonly path: string
  /** What was shown already. */
  readBytes: number
}

/** Shows the ends of the logs, also while Runa is down; with `follow`, what is added, until Ctrl-C. */
export async function logs(service: string | undefined, options: LogsOptions): Promise<void> {
  const linesMax = wholeNumber('-n', options.lines, LINES_MAX)
  const folder = homePaths().logs
  const files = findLogs(folder).filter((file) => service === undefined || file.service === service)
  if (files.length === 0) {
    const none = 'There are no logs yet: Runa was never started with this RUNA_HOME.'
    const known = findLogs(folder).map((file) => file.service)
    const unknown = `There is no log of '${service}'. There are: ${known.join(', ')}.`
    throw new RunaError('FILE_NOT_FOUND', known.length === 0 ? none : unknown)
  }
  const isMany = files.length > 1
  for (const file of files) {
    const known = readNew(file)
    const shown = known.slice(known.length - Math.min(known.length, linesMax))
    write(file.service, shown, options.json, isMany)
  }
  if (options.follow)
    await follow(folder, files, (file, lines) => write(file.service, lines, options.json, isMany))
}

function findLogs(folder: string): LogFile[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.log'))
    return names.sort().map((name) => ({
      service: basename(name, '.log'),
      path: join(folder, name),
      readBytes: 0,
    }))
  } catch {
    return []
  }
}

/** Whole lines that were added since the last look. A file that has shrunk was emptied, and is read from its start. */
function readNew(file: LogFile): string[] {
  const fd = openSync(file.path, 'r')
  try {
    const { size } = fstatSync(fd)
    if (size < file.readBytes) file.readBytes = 0
    const start = Math.max(file.readBytes, size - TAIL_BYTES_MAX)
    const bytes = Buffer.alloc(size - start)
    readSync(fd, bytes, 0, bytes.length, start)
    const end = bytes.lastIndexOf(10) + 1
    file.readBytes = start + end
    return end === 0 ? [] : bytes.toString('utf8', 0, end - 1).split('\n')
  } finally {
    closeSync(fd)
  }
}

function write(service: string, lines: readonly string[], json: boolean, isMany: boolean): void {
  const shown = lines.map((line) =>
    json ? JSON.stringify({ service, line }) : isMany ? `${service}: ${line}` : line,
  )
  if (shown.length > 0) process.stdout.write(`${harmless(shown.join('\n'))}\n`)
}

async function follow(
  folder: string,
  files: readonly LogFile[],
  show: (file: LogFile, lines: readonly string[]) => void,
): Promise<void> {
  // Heard before anything is followed: who has seen a new line may already want no more.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve())
    process.stdout.once('error', () => resolve())
  })
  const watcher = watch(folder, (_, name) => {
    const file = files.find(({ path }) => name === null || basename(path) === name)
    if (file) show(file, readNew(file))
  })
  // What was written between the first look and the watching.
  for (const file of files) show(file, readNew(file))
  await stopped
  watcher.close()
  process.exitCode = 130
}
