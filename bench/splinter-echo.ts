// The other side of what bench/splinter.ts measures: node splinter-echo.js bus | ipc, or as a worker thread.
import { isMainThread, parentPort } from 'node:worker_threads'
import { runService } from '#kernel/service'
import { clockContract } from '#protocol'

const role = isMainThread ? process.argv[2] : 'thread'

if (role === 'thread') parentPort?.on('message', (message: unknown) => parentPort?.postMessage(message))
if (role === 'ipc') process.on('message', (message) => process.send?.(message))
if (role === 'bus') {
  await runService(clockContract, () => ({
    handlers: {
      now: async () => ({ time: 42 }),
      /** Each item takes so long to make, but where it is 1: then it takes nothing. */
      async *tick({ everyMs }) {
        for (let count = 0; ; count += 1) {
          const endMs = performance.now() + (everyMs === 1 ? 0 : everyMs)
          while (performance.now() < endMs);
          yield { time: 42, count }
        }
      },
    },
  }))
}
