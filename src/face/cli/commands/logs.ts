import { readHistory } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { type Happening, RunaError } from '#protocol'
import { harmless, harmlessLine } from '../harmless.ts'
import { followLogs } from '../logs/follow.ts'
import { describeHappening } from '../logs/happenings.ts'
import { describeLogLine, type LogLine, mergeLogLines } from '../logs/log-line.ts'
import { findLogs, type LogSource } from '../logs/log-source.ts'
import { parseSince } from '../logs/log-times.ts'
import { wholeNumber } from '../output.ts'

export interface LogsOptions {
  readonly follow: boolean
  readonly lines?: string
  readonly since?: string
  readonly history: boolean
  readonly files: boolean
  readonly json: boolean
}

const LINES_DEFAULT = 50
const LINES_MAX = 100_000

/** Shows the ends of the logs, also while Runa is down; with `follow`, what is added, until Ctrl-C. */
export async function logs(services: readonly string[], options: LogsOptions): Promise<void> {
  const { logs: folder } = homePaths()
  const { sinceMs, linesMax } = readLimits(options)
  if (options.history && options.follow)
    throw new RunaError('BAD_INPUT', 'The history is not followed: leave out either --history or --follow.')
  if (options.history) {
    const known = await readHistory(folder)
    const wanted = known.filter(
      ({ at, service }) => at >= sinceMs && (services.length === 0 || services.includes(service)),
    )
    return writeHistory(lastOf(wanted, linesMax), options.json)
  }
  const sources = pickLogs(folder, services)
  if (options.files) return writeFiles(sources, options.json)
  const ends = sources.map((source) => {
    const lines = source.readNew().filter(({ at }) => options.since === undefined || (at ?? 0) >= sinceMs)
    return lastOf(lines, linesMax)
  })
  write(mergeLogLines(ends), options.json)
  if (!options.follow) return
  const show = (lines: readonly LogLine[]) => write(lines, options.json)
  process.exitCode = await followLogs({ folder, sources, takesNew: services.length === 0, show })
}

function readLimits({ since, lines }: LogsOptions): { sinceMs: number; linesMax: number } {
  const all = since === undefined ? LINES_DEFAULT : LINES_MAX
  return {
    sinceMs: since === undefined ? 0 : parseSince(since, Date.now()),
    linesMax: lines === undefined ? all : wholeNumber('-n', lines, LINES_MAX),
  }
}

function pickLogs(folder: string, services: readonly string[]): LogSource[] {
  const known = findLogs(folder)
  const names = known.map(({ service }) => service)
  if (known.length === 0) {
    const none = 'There are no logs yet: Runa was never started with this RUNA_HOME.'
    throw new RunaError('FILE_NOT_FOUND', none)
  }
  const missing = services.find((service) => !names.includes(service))
  if (missing !== undefined) {
    throw new RunaError('FILE_NOT_FOUND', `There is no log of '${missing}'. There are: ${names.join(', ')}.`)
  }
  return services.length === 0 ? known : known.filter(({ service }) => services.includes(service))
}

function lastOf<Value>(values: readonly Value[], countMax: number): readonly Value[] {
  return values.slice(values.length - Math.min(values.length, countMax))
}

function write(lines: readonly LogLine[], json: boolean): void {
  if (lines.length === 0) return
  const shown = lines.map((line) => (json ? JSON.stringify(asJson(line)) : harmless(describeLogLine(line))))
  process.stdout.write(`${shown.join('\n')}\n`)
}

function asJson({ service, line, at, record }: LogLine): object {
  return { service, time: at === undefined ? null : new Date(at).toISOString(), line, record }
}

function writeHistory(happenings: readonly Happening[], json: boolean): void {
  if (happenings.length === 0) {
    if (!json) process.stderr.write('The history has nothing of that.\n')
    return
  }
  const shown = happenings.map((happening) =>
    json ? JSON.stringify(happening) : harmlessLine(describeHappening(happening)),
  )
  process.stdout.write(`${shown.join('\n')}\n`)
}

function writeFiles(sources: readonly LogSource[], json: boolean): void {
  const shown = sources.map(({ service, path }) => (json ? JSON.stringify({ service, path }) : path))
  process.stdout.write(`${shown.join('\n')}\n`)
}
