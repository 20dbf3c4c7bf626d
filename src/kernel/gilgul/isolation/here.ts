import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { homeDigest } from '#kernel/home'
import { assembleCallFilter } from '#kernel/seclusion'
import { note } from '../note.ts'
import { type Confining, type ConfiningOptions, createConfining } from './confining.ts'
import { findGroupTree } from './group-tree.ts'
import { createGroups, type Groups } from './groups.ts'
import { describeMachine } from './machine.ts'
import { putFile } from './put-file.ts'
import { type ViewOptions, viewOf } from './views.ts'

/** What this machine can do for the services of a home. Nothing is looked at before a service asks for something. */
export function confineHere(options: ViewOptions, searchPath: string): Confining {
  const { paths } = options
  let found: { readonly groups: Groups | undefined } | undefined

  function groups(): Groups | undefined {
    if (!found) {
      const tree = findGroupTree()
      found = { groups: tree && createGroups(tree, homeDigest(paths.home)) }
    }
    return found.groups
  }

  function filterFile(options: { readonly network: boolean }): string | undefined {
    const bytes = assembleCallFilter(process.arch, { sockets: options.network ? 'any' : 'files' })
    if (bytes === undefined) return undefined
    const path = join(paths.run, options.network ? 'calls.bpf' : 'calls-offline.bpf')
    mkdirSync(paths.run, { recursive: true, mode: 0o700 })
    putFile(path, bytes)
    return path
  }

  const machine = describeMachine({ searchPath, filterFile })
  const view: ConfiningOptions['view'] = (spec) => viewOf(spec, options)
  return createConfining({ machine, groups, home: paths.home, view, note })
}
