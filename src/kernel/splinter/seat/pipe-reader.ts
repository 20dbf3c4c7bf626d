import { closeSync, constants, openSync, read, readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { ReadableStream } from 'node:stream/web'
import { clearInterval, setInterval } from 'node:timers'

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants
const BUFFER_BYTES = 256
const LOOK_EVERY_MS = 100

/** A part of Bun's own interface. */
interface Bun {
  file(fd: number): { stream(): ReadableStream<Uint8Array> }
}

const BUN = (globalThis as { readonly Bun?: Bun }).Bun
/**
 * Deno has no `net.Socket({ fd })`, and Bun's hears nothing of a pipe that another process writes into. Deno reads the bell
 * in a thread of its pool, which has hundreds. Bun's pool has one a core, which would soon be taken: it has streams of
 * its own. In both, ends of lives are looked for.
 */
const CAN_LOOP_READ = process.versions['deno'] === undefined && BUN === undefined

/** Calls `onRead` whenever something was written into a pipe. Keeps the event loop going. Returns what ends it. */
export function readPipe(path: string, onRead: () => void): () => void {
  // For writing as well, so that the pipe never comes to an end when the last writer goes.
  if (BUN) return readStream(BUN, openSync(path, O_RDWR | O_NONBLOCK), onRead)
  if (!CAN_LOOP_READ) return readInThread(openSync(path, O_RDWR), onRead)
  const socket = readThroughLoop(openSync(path, O_RDWR | O_NONBLOCK), onRead)
  return () => void socket.destroy()
}

/** Calls `onEnd` once nobody has the pipe open for writing any more. Keeps nothing going. Returns what ends it. */
export function watchPipe(path: string, onEnd: () => void): () => void {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK)
  if (!CAN_LOOP_READ) return lookForEnd(fd, onEnd)
  const socket = readThroughLoop(fd, () => {})
  socket.unref()
  socket.once('close', onEnd)
  return () => {
    socket.off('close', onEnd)
    socket.destroy()
  }
}

/** Reads a pipe through the event loop with a buffer of its own, instead of 64 KiB of Node's for each read. */
function readThroughLoop(fd: number, onRead: () => void): Socket {
  const onread = {
    buffer: Buffer.alloc(BUFFER_BYTES),
    callback: () => {
      onRead()
      return true
    },
  }
  // `onread` is honoured by the constructor, though only the types of `connect` know it.
  const options = { fd, readable: true, writable: false, onread }
  const socket = new Socket(options)
  socket.on('error', () => {})
  return socket.resume()
}

function readStream(bun: Bun, fd: number, onRead: () => void): () => void {
  const reader = bun.file(fd).stream().getReader()

  async function read(): Promise<void> {
    while (!(await reader.read()).done) onRead()
  }

  // What a listener throws ends the process, as it does elsewhere.
  void read()
  return () => {
    const close = () => closeSync(fd)
    reader.cancel().then(close, close)
  }
}

function readInThread(fd: number, onRead: () => void): () => void {
  const buffer = Buffer.alloc(BUFFER_BYTES)
  let isEnded = false

  function next(): void {
    read(fd, buffer, 0, BUFFER_BYTES, null, (error) => {
      if (isEnded || error) return closeSync(fd)
      onRead()
      next()
    })
  }

  next()
  return () => {
    if (isEnded) return
    isEnded = true
    // Whoever reads there sleeps until something comes.
    writeSync(fd, Buffer.of(0))
  }
}

function lookForEnd(fd: number, onEnd: () => void): () => void {
  const buffer = Buffer.alloc(BUFFER_BYTES)
  let isOver = false

  function end(): void {
    if (isOver) return
    isOver = true
    clearInterval(timer)
    closeSync(fd)
  }

  const timer = setInterval(() => {
    if (!isAtEnd(fd, buffer)) return
    end()
    onEnd()
  }, LOOK_EVERY_MS).unref()
  return end
}

/** A pipe with writers and nothing in it refuses to be read; one without writers gives nothing. */
function isAtEnd(fd: number, buffer: Buffer): boolean {
  try {
    return readSync(fd, buffer) === 0
  } catch {
    return false
  }
}
