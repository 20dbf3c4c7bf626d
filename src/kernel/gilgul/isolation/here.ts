import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type HomePaths, homeDigest } from '#kernel/home'
import { note } from '../note.ts'
import { assembleCallFilter } from './call-filter.ts'
import { type Confining, createConfining } from './confining.ts'
import { findGroupTree } from './group-tree.ts'
import { createGroups, type Groups } from './groups.ts'
import { describeMachine } from './machine.ts'
import { putFile } from './put-file.ts'

/** What this machine can do for the services of a home. Nothing is looked at before a service asks for something. */
export function confineHere(paths: HomePaths, searchPath: string): Confining {
  let found: { readonly groups: Groups | undefined } | undefined

  function groups(): Groups | undefined {
    if (!found) {
      const tree = findGroupTree()
      found = { groups: tree && createGroups(tree, homeDigest(paths.home)) }
    }
    return found.groups
  }

  function filterFile(options: { readonly network: boolean }): string | undefined {
    const bytes = assembleCallFilter(process.arch, options)
    if (bytes === undefined) return undefined
    const path = join(paths.run, options.network ? 'calls.bpf' : 'calls-offline.bpf')
    mkdirSync(paths.run, { recursive: true, mode: 0o700 })
    putFile(path, bytes)
    return path
  }

  const machine = describeMachine({ searchPath, filterFile })
  return createConfining({ machine, groups, home: paths.home, note })
}
