// A service that sleeps most of the time, and writes down each call that it has taken.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { SLEEPER } from './house.ts'
import { becomeOnly } from './only.ts'
import { sleeperContract } from './sleeper-contract.ts'

becomeOnly(SLEEPER)
const path = join(homePaths().run, 'taken')

await runService(sleeperContract, () => ({
  handlers: {
    async take({ number }) {
      appendFileSync(path, `${number}\n`)
      return { pid: process.pid }
    },
  },
}))
