// coven as `runa up` has it, over a gilgul with services of its own.
import { createCoven, createDesk, openCoven, prepareLaunch } from '#kernel/coven'
import { runAncestor } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { setUndumpable } from '#kernel/sys'
import { ANCESTOR_RESTART } from './house.ts'

const paths = homePaths()
const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())

const failure = await runAncestor({
  paths,
  gilgulMain: new URL('gilgul-worker.js', import.meta.url).pathname,
  stopping: stopping.signal,
  restart: ANCESTOR_RESTART,
  heir: [process.execPath, ...process.execArgv, new URL(import.meta.url).pathname],
  onProgress: () => {},
  onReady: () => void process.stdout.write('ready\n'),
  async openCoven() {
    setUndumpable()
    const opened = await openCoven({ folder: paths.vault })
    const answer = createDesk(createCoven(opened))
    return { prepareLaunch: () => prepareLaunch({ answer }), close: opened.close }
  },
})
if (failure) {
  process.stderr.write(`${JSON.stringify(failure)}\n`)
  process.exitCode = 1
}
