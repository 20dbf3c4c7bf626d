import { becomeProgram } from '../execute.ts'
import { filterCalls } from '../filter-calls.ts'
import { restrictByLandlock } from '../landlock.ts'
import { giveUpRootsRights, setNoNewRights } from '../rights.ts'
import type { Seclusion } from './seclusion.ts'

// Lives for a moment: it is made of few files.
const [, , text = '', program = '', ...words] = process.argv
const { title, descriptors, filter, rules }: Seclusion = JSON.parse(text)
try {
  setNoNewRights()
  giveUpRootsRights()
  restrictByLandlock(rules)
  // The last, so that who has a filter is known to have the rest.
  filterCalls(Buffer.from(filter, 'base64'))
  becomeProgram({ title, descriptors, words: [program, ...words] })
} catch (error) {
  const said = (error as Error).message
  process.stderr.write(`${title} cannot be kept apart, and is not started: ${said}\n`)
  process.exitCode = 1
}
