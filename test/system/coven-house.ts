import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  createCoven,
  createDesk,
  type Launch,
  type OpenCovenOptions,
  openCoven,
  prepareLaunch,
} from '#kernel/coven'
import {
  type AncestorOptions,
  type Failure,
  isAlive,
  type RunState,
  readRunState,
  runAncestor,
  runFiles,
} from '#kernel/gilgul'
import { type HomePaths, homeDigest, homePaths } from '#kernel/home'
import { call, connect } from '#kernel/service'
import { type Client, gilgulContract } from '#protocol'
import { until } from './test-runa.ts'

export const GILGUL = fileURLToPath(new URL('coven-gilgul-worker.js', import.meta.url))
const IMPATIENT = { pauseFirstMs: 1, pauseMaxMs: 50, healthyMs: 10_000, deathsMax: 1_000, windowMs: 60_000 }

/** coven and gilgul as `runa up` has them, in a home of their own, with this process as the ancestor. */
export interface CovenHouse {
  readonly paths: HomePaths
  readonly ended: Promise<Failure | undefined>
  readonly progress: readonly string[]
  /** The gilgul that lives now, and is not `before`. */
  gilgul(before?: RunState['gilgul']): Promise<RunState>
  /** Asks gilgul as the command line does. */
  ask<Result>(
    state: RunState,
    use: (gilgul: Client<typeof gilgulContract>) => Promise<Result>,
  ): Promise<Result>
  end(): Promise<void>
}

interface HouseOptions extends Pick<OpenCovenOptions, 'unlock' | 'scryptN'> {
  readonly main?: string
  /** Stands between coven and each launch. */
  readonly alter?: (launch: Launch) => Launch
}

export function openHouse({
  main = GILGUL,
  alter = (launch) => launch,
  ...unlock
}: HouseOptions = {}): CovenHouse {
  const paths = homePaths(mkdtempSync(join(tmpdir(), 'runa-coven-house-')))
  const stopping = new AbortController()
  const progress: string[] = []
  const options: AncestorOptions = {
    ...{ paths, gilgulMain: main, stopping: stopping.signal },
    restart: { ...IMPATIENT, failedStartsMax: 3 },
    onProgress: (text) => progress.push(text),
    onReady: () => {},
    async openCoven() {
      const opened = await openCoven({ folder: paths.vault, ...unlock })
      const answer = createDesk(createCoven(opened))
      return { prepareLaunch: () => alter(prepareLaunch({ answer })), close: opened.close }
    },
  }
  const ended = runAncestor(options)
  const state = () => readRunState(runFiles(paths).state)

  return {
    ...{ paths, ended, progress },
    async gilgul(before) {
      let found: RunState | undefined
      await until(() => {
        found = state()
        return found !== undefined && isAlive(found.gilgul) && found.gilgul.pid !== before?.pid
      })
      return found as RunState
    },
    async ask({ bus }, use) {
      const { transport, close } = await connect(bus, 'cli-test')
      try {
        return await use(call(gilgulContract, transport))
      } finally {
        close()
      }
    },
    async end() {
      stopping.abort()
      await ended
      rmSync(join('/dev/shm', `runa-${homeDigest(paths.home)}`), { recursive: true, force: true })
      rmSync(paths.home, { recursive: true })
    },
  }
}
