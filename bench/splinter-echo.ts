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
      async *tick() {
        for (let count = 0; ; count += 1) yield { time: 42, count }
      },
    },
  }))
}
