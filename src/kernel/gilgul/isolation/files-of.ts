import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Machine } from './machine.ts'
import { SYSTEM } from './system-places.ts'

/** What the command names itself. A folder is not taken: it may hold more than was meant. */
export function filesOf(
  [program = '', ...words]: readonly string[],
  home: string,
  machine: Machine,
): string[] {
  const found = program.includes('/') ? resolve(home, program) : (machine.find(program) ?? program)
  const files = [found, ...words.map((word) => resolve(home, word))]
  const isSystem = (path: string) => SYSTEM.some((folder) => path.startsWith(`${folder}/`))
  return [...new Set(files)].filter((path) => !isSystem(path) && isFile(path))
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
