import { type StreamOperation, WrittenJson, writeJson } from '#protocol'
import type { Reply } from './reply.ts'

const ITEMS_MAX = 128
const CHARACTERS_MAX = 32_768
/** What takes longer to make is sent before the next is made. */
const SLOW_MS = 0.05

/**
 * Sends the items of a stream, those together that are made one right after the other. A lone item goes at once. How
 * many may wait for each other grows only while they come quickly, and none waits beyond the microtasks in which it was
 * made: a handler that waits for anything has sent what it has.
 */
export class ItemSender {
  private readonly reply: Reply
  private readonly item: StreamOperation['item']
  private readonly itemsMax: number
  private texts: string[] = []
  private characters = 0
  private batchItems = 1
  private addedMs = 0
  private isScheduled = false
  private failure: { readonly error: unknown } | undefined

  constructor(reply: Reply, item: StreamOperation['item'], carriesLists: boolean | undefined) {
    this.reply = reply
    this.item = item
    this.itemsMax = carriesLists ? ITEMS_MAX : 1
  }

  /** Throws what does not fit the contract, and why earlier items could not be sent. A promise is to be waited for. */
  add(made: unknown): Promise<void> | undefined {
    if (this.failure) throw this.failure.error
    const item = this.item.parse(made)
    const text = this.itemsMax > 1 && !(item instanceof Uint8Array) ? writeJson(item) : undefined
    if (text === undefined || text.length > CHARACTERS_MAX) return this.sendAlone(item)
    this.adapt()
    this.texts.push(text)
    this.characters += text.length
    if (this.texts.length >= this.batchItems || this.characters > CHARACTERS_MAX) {
      this.batchItems = Math.min(this.itemsMax, this.batchItems * 2)
      return this.flush()
    }
    this.schedule()
    return undefined
  }

  /** The handler was kept waiting: that it made nothing meanwhile does not mean that it is slow. */
  resume(): void {
    this.addedMs = performance.now()
  }

  /** Sends what waits. A promise is to be waited for. */
  flush(): Promise<void> | undefined {
    if (this.failure) throw this.failure.error
    const { texts } = this
    const [first] = texts
    if (first === undefined) return undefined
    this.texts = []
    this.characters = 0
    const isAlone = texts.length === 1
    const payload = new WrittenJson(isAlone ? first : `[${texts.join(',')}]`)
    return this.reply({ type: 'response', last: false, items: isAlone ? undefined : texts.length, payload })
  }

  /** For the way out: why it could not be sent was told before, or is of no use any more. */
  async flushIfPossible(): Promise<void> {
    try {
      await this.flush()
    } catch {
      // The call ends with an error of its own.
    }
  }

  private sendAlone(payload: unknown): Promise<void> | undefined {
    const flushed = this.flush()
    const sent = this.reply({ type: 'response', last: false, payload })
    return flushed ? flushed.then(() => sent) : sent
  }

  private adapt(): void {
    const nowMs = performance.now()
    if (nowMs - this.addedMs > SLOW_MS) this.batchItems = 1
    this.addedMs = nowMs
  }

  private schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    // Its turn comes when no microtask is left: when the handler waits for something.
    process.nextTick(() => {
      this.isScheduled = false
      this.flushUnasked()
    })
  }

  private flushUnasked(): void {
    const fail = (error: unknown) => {
      this.failure ??= { error }
    }
    try {
      this.flush()?.catch(fail)
    } catch (error) {
      fail(error)
    }
  }
}
