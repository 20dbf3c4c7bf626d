import { parseOrThrow, RunaError, type StreamOperation } from '#protocol'
import type { OpenCall } from './open-call.ts'

type Result = IteratorResult<unknown, void>

/**
 * The items of one call, which is opened when the first of them is asked for. Written out, since an async function with
 * `yield` waits several times for each item; items that have come together are handed over without a wait.
 */
export function createItemStream(
  operation: StreamOperation,
  open: () => OpenCall,
): AsyncGenerator<unknown, void> {
  return new ItemStream(operation, open)
}

class ItemStream implements AsyncGenerator<unknown, void> {
  private readonly operation: StreamOperation
  private readonly open: () => OpenCall
  /** Credit goes back by half windows: one small message for many items, and the sender never runs dry. */
  private readonly grantItems: number
  private consumed = 0
  /** Who asks for the next item has consumed this one. */
  private isOneOut = false
  private call: OpenCall | undefined
  private isOver = false
  /** The last request that has to wait; later ones wait for it. */
  private waiting: Promise<Result> | undefined

  constructor(operation: StreamOperation, open: () => OpenCall) {
    this.operation = operation
    this.open = open
    this.grantItems = Math.ceil(operation.windowItems / 2)
  }

  next(): Promise<Result> {
    if (this.waiting) return this.queue(this.waiting.then(continueWith, continueWith).then(() => this.take()))
    let result: Result | undefined
    try {
      result = this.poll()
    } catch (error) {
      return Promise.reject(error)
    }
    return result ? Promise.resolve(result) : this.queue(this.take())
  }

  async return(): Promise<Result> {
    this.end()
    return { done: true, value: undefined }
  }

  async throw(error: unknown): Promise<Result> {
    this.end()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private queue(taken: Promise<Result>): Promise<Result> {
    this.waiting = taken
    const done = () => {
      if (this.waiting === taken) this.waiting = undefined
    }
    taken.then(done, done)
    return taken
  }

  private async take(): Promise<Result> {
    for (;;) {
      const result = this.poll()
      if (result) return result
      await this.call?.inbox.changed()
    }
  }

  /** What can be said at once; undefined where nothing can. */
  private poll(): Result | undefined {
    if (this.isOver) return { done: true, value: undefined }
    try {
      this.call ??= this.open()
      if (this.isOneOut) this.consume(this.call)
      const { inbox } = this.call
      const found = inbox.poll()
      if (found === 'none') return undefined
      if (found === 'item') {
        const value = parseOrThrow(this.operation.item, inbox.payload, 'INTERNAL')
        this.isOneOut = true
        return { done: false, value }
      }
    } catch (error) {
      this.end()
      throw error
    }
    this.end()
    return { done: true, value: undefined }
  }

  private consume(call: OpenCall): void {
    this.isOneOut = false
    this.consumed += 1
    if (this.consumed % this.grantItems === 0) call.grant(this.grantItems)
  }

  private end(): void {
    if (this.isOver) return
    this.isOver = true
    this.call?.end()
    // Whoever still waits for the next item is told that there is none.
    this.call?.inbox.close(new RunaError('CANCELLED'))
  }
}

function continueWith(): void {}
