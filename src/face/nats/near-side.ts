/** What was published on this machine. */
export interface NearMessage {
  readonly bytes: Uint8Array
  /** Counts the messages of its topic; runs on from 2^31 − 1 to −2^31. */
  readonly sequence: number
}

/** Where the far side keeps a message. */
interface Taken {
  readonly keeper: string
  readonly place: number
}

/** One topic of the bus, as the bridge sees it. */
export interface NearSide {
  /** Differs for each bus: its sequences begin anew. */
  readonly life: string
  /**
   * What is still in the ring and what comes, in order; nothing that came from the far side. At most so many at once,
   * and no empty list.
   */
  messages(atMost: number, signal: AbortSignal): AsyncIterable<readonly NearMessage[]>
  /** Publishes what came from the far side, once there is room, and notes that it did. */
  publish(bytes: Uint8Array, taken: Taken | undefined, signal: AbortSignal): Promise<void>
  /** The place of what was published last of that keeper, as far as this bus knows. */
  lastPlace(keeper: string): number | undefined
  /** The sequence of what the far side has of this topic. */
  readonly progress: { read(): number | undefined; write(sequence: number): void }
  /** Messages that were written over before they were read. */
  lost(): number
}
