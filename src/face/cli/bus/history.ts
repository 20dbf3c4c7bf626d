import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { homePaths } from '#kernel/home'
import type { BusSession } from './session.ts'
import { VERBS } from './verbs.ts'
import { splitWords } from './words.ts'

const LINES_MAX = 500
const LINE_LENGTH_MAX = 4_096

/** What was typed at the prompt, the newest last, in a file that is the person's own. */
export interface History {
  readonly linesMax: number
  /** The newest first, as node:readline wants them. */
  lines(): string[]
  /**
   * Remembers a line. Not one that begins with a space, none of several lines, and none with a value where the bus seals
   * what is said: the file would keep it in clear.
   */
  add(line: string, session: BusSession): Promise<void>
}

export function createHistory(path: string = homePaths().busHistory): History {
  const kept = read(path)
  return {
    linesMax: LINES_MAX,
    lines: () => kept.toReversed(),
    async add(line, session) {
      if (
        line === '' ||
        line.startsWith(' ') ||
        line.includes('\n') ||
        line.length > LINE_LENGTH_MAX ||
        line === kept.at(-1)
      )
        return
      if (holdsValue(line) && (await sealsSomething(session))) return
      kept.push(line)
      kept.splice(0, kept.length - LINES_MAX)
      write(path, kept)
    },
  }
}

function holdsValue(line: string): boolean {
  const verb = firstWord(line)
  return VERBS.some(({ name, takesValue }) => name === verb && takesValue === true)
}

/** As the parser reads it, or as far as it was typed where it cannot. */
function firstWord(line: string): string | undefined {
  try {
    return splitWords(line)[0]
  } catch {
    return /[\w-]+/.exec(line)?.[0]
  }
}

async function sealsSomething(session: BusSession): Promise<boolean> {
  const bus = await session.seat().catch(() => undefined)
  return bus?.seals !== 'nothing'
}

function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .slice(-LINES_MAX)
  } catch {
    return []
  }
}

/** A history that cannot be kept is no reason to stop. */
function write(path: string, lines: readonly string[]): void {
  try {
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 })
    writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
  } catch {}
}
