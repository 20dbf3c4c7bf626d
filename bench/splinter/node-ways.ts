import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type EchoContender, type MessageContender, type Place, valueOf } from './contender.ts'

const ECHO = fileURLToPath(new URL('echo.js', import.meta.url))

/** One end of what Node brings; the other is opened by whoever opens this one. */
interface Line {
  post(message: unknown): void
  /** Resolves with the next message that comes. */
  next(): Promise<unknown>
  close(): void
}

function openThread(): Line {
  const worker = new Worker(ECHO)
  return {
    post: (message) => worker.postMessage(message),
    next: () => once(worker, 'message'),
    close: () => void worker.terminate(),
  }
}

function openChild(): Line {
  // As fast as it goes: without it, bytes travel as JSON.
  const child = fork(ECHO, { serialization: 'advanced' })
  return {
    post: (message) => child.send(message as string),
    next: () => once(child, 'message'),
    close: () => void child.kill('SIGKILL'),
  }
}

/** Process 0 has both ends; process 1 has nothing to do. */
function openEcho(open: () => Line, place: Place): EchoContender {
  const line = place.index === 0 ? open() : undefined
  const value = new Uint8Array(valueOf(place))
  return {
    async roundTrip() {
      const answer = line?.next()
      line?.post(value)
      await answer
    },
    close: () => line?.close(),
  }
}

function openMessages(open: () => Line, place: Place): MessageContender {
  const line = place.index === 0 ? open() : undefined
  const value = new Uint8Array(valueOf(place))
  return {
    async receive() {},
    async send(times) {
      const all = line?.next()
      line?.post(times)
      for (let count = 0; count < times; count += 1) line?.post(value)
      await all
    },
    close: () => line?.close(),
  }
}

export const openThreadEcho = (place: Place) => openEcho(openThread, place)
export const openChildEcho = (place: Place) => openEcho(openChild, place)
export const openThreadMessages = (place: Place) => openMessages(openThread, place)
export const openChildMessages = (place: Place) => openMessages(openChild, place)
