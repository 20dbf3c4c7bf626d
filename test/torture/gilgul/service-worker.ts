// A service that does nothing but live, and says in a file of its own when there are two of it.
import { appendFileSync, openSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { lockByte } from '#kernel/sys'
import { defineContract } from '#protocol'

const name = process.env['RUNA_SERVICE'] ?? ''
const idle = defineContract({
  name,
  version: 1,
  operations: {
    secret: {
      input: z.object({}),
      output: z.object({ sizeBytes: z.number() }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 4 },
    },
  },
  events: {},
})

const { run } = homePaths()
if (!lockByte(openSync(join(run, `${name}.only`), 'a+', 0o600), 0)) {
  appendFileSync(join(run, 'doubled'), `${name} ${process.pid}\n`)
}

await runService(idle, ({ secrets }) => ({
  handlers: {
    async secret() {
      const secret = await secrets.reveal(`${name}.seal`)
      return { sizeBytes: secret.length }
    },
  },
}))
