// Runs the given test files, begun in the order in which they are given, and ends with 1 where one failed:
//
//   node --enable-source-maps scripts/test-files.mjs TOGETHER TIMEOUT_MS FILE...
//
// `node --test` would sort them by name: a long one might begin last, and a core lie idle beside it.
import { setMaxListeners } from 'node:events'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const [together, timeoutMs, ...files] = process.argv.slice(2)
const ending = new AbortController()
// Each file listens.
setMaxListeners(0, ending.signal)
// Else the files that are just being run would outlive this process.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => ending.abort())

run({ files, concurrency: Number(together), timeout: Number(timeoutMs), signal: ending.signal })
  .on('test:fail', () => {
    process.exitCode = 1
  })
  .compose(spec)
  .pipe(process.stdout)
