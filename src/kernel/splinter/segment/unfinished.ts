import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

let made = 0

/** For a file that is to get its name when it is whole. It says who makes it. */
export function unfinishedName(path: string): string {
  made += 1
  return `${path}.${process.pid}-${made}.new`
}

/** What those have left who died before theirs was whole. */
export function removeUnfinished(path: string): void {
  const begins = `${basename(path)}.`
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(begins) ? /^(\d+)-\d+\.new$/.exec(name.slice(begins.length))?.[1] : undefined
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dirname(path), name), { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
