// A service that does nothing but live, and says in a file of its own when there are two of it.
import * as z from 'zod'
import { runService } from '#kernel/service'
import { defineContract } from '#protocol'
import { becomeOnly } from './only.ts'

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

becomeOnly(name)

await runService(idle, ({ secrets }) => ({
  handlers: {
    async secret() {
      const secret = await secrets.reveal(`${name}.seal`)
      return { sizeBytes: secret.length }
    },
  },
}))
