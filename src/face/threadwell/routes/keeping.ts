import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Hono } from 'hono'
import type { HomePaths } from '#kernel/home'
import type { KeepingReply } from '../api.ts'

/** Where things lie on this machine, and what keeps them closed. */
export function keepingRoutes(paths: HomePaths, hasSecrets: boolean): Hono {
  const routes = new Hono()
  routes.get('/keeping', async (context) => context.json(await readKeeping(paths, hasSecrets)))
  return routes
}

async function readKeeping(paths: HomePaths, hasSecrets: boolean): Promise<KeepingReply> {
  // A passphrase takes the place of the key file, which is destroyed then.
  const keyFile = join(paths.vault, 'vault.key')
  const hasKeyFile = await access(keyFile).then(
    () => true,
    () => false,
  )
  return {
    unlockedBy: !hasSecrets ? 'nothing' : hasKeyFile ? 'key-file' : 'passphrase',
    keyFile,
    places: [
      { what: 'What you said, and the answers', path: paths.memory, kept: 'sealed' },
      { what: 'Boards, cards and comments', path: paths.boards, kept: 'sealed' },
      { what: 'How you like to be spoken to', path: paths.profile, kept: 'sealed' },
      { what: 'Secrets', path: paths.vault, kept: 'sealed' },
      { what: 'Documents', path: paths.topics, kept: 'clear' },
      { what: 'Files that were dropped onto a page', path: paths.uploads, kept: 'clear' },
      { what: 'Models', path: paths.models, kept: 'clear' },
      { what: 'Logs, with nobody’s words in them', path: paths.logs, kept: 'clear' },
    ],
  }
}
