// The other side of ways that only a parent can open: node echo.js, or as a worker thread.
import { parentPort } from 'node:worker_threads'

const reply = (message: unknown) => (parentPort ? parentPort.postMessage(message) : process.send?.(message))
let awaited = 0

/** Answers each message with itself; after a number, says only when as many have come. */
function echo(message: unknown): void {
  if (typeof message === 'number') awaited = message
  else if (awaited === 0) reply(message)
  else {
    awaited -= 1
    if (awaited === 0) reply('all')
  }
}

parentPort?.on('message', echo)
if (!parentPort) process.on('message', echo)
