/** What came from the far side. */
export interface FarMessage {
  readonly bytes: Uint8Array
  /** The name of the machine that sent it, where a Runa did; else the last part of its subject. */
  readonly origin: string
  /** Names it among all that its origin sent; undefined where no Runa did. */
  readonly id: string | undefined
  /** Its place in the stream; undefined where nothing is kept. */
  readonly place: number | undefined
}

/** One subject on the far side, as this machine sees it. */
export interface FarSide {
  /** Names what counts the places: once it was made anew, they begin anew. Undefined where nothing is kept. */
  readonly keeper: string | undefined
  /**
   * Sends messages in their order, under ids. Resolves once the far side has all of them; where it rejects, some may
   * have arrived, and sending them again under the same ids is safe.
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>
  /** The id of what this machine sent last, as far as the far side has kept it. */
  lastSentId(): Promise<string | undefined>
  /** Hands over what others send, one at a time; the next once the listener is done. */
  receive(listener: (message: FarMessage) => Promise<void>): Promise<void>
}

interface OutgoingMessage {
  readonly bytes: Uint8Array
  readonly id: string
}
