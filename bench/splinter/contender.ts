/** Keys and values of one contender, in one process. Each call does so many operations, one after the other. */
export interface StoreContender {
  set(times: number): void | Promise<void>
  get(times: number): void | Promise<void>
  close(): void | Promise<void>
}

/** One end of a way for messages. */
export interface MessageContender {
  /** Sends so many; resolves when they are on their way. */
  send(times: number): Promise<void>
  /** Resolves when so many have come. What asks for them does so at `startAt` of the monotonic clock. */
  receive(times: number, startAt: number): Promise<void>
  close(): void | Promise<void>
}

/** One end of a way there and back. */
export interface EchoContender {
  /** Sends one message, and resolves when its echo has come. */
  roundTrip(): void | Promise<void>
  close(): void | Promise<void>
}

/** Where a process of the bench finds the others. */
export interface Place {
  readonly folder: string
  readonly sizeBytes: number
  /** Of bench/peers/package.json: what is compared with is resolved from there. */
  readonly peers: string
  /** Of this process among those that run together. */
  readonly index: number
  readonly natsPort: number
  /** Of the bus on which everything is sealed, in hexadecimal digits. */
  readonly secret: string
  /** Keys that only this process uses, where it is set. */
  readonly ownKeys?: string
}

export const KEYS_COUNT = 256

export function keysOf({ ownKeys = 'component' }: Place): string[] {
  return Array.from({ length: KEYS_COUNT }, (_, key) => `${ownKeys}:context:${key}`)
}

export function valueOf({ sizeBytes }: Place): Buffer {
  return Buffer.alloc(sizeBytes, 'x')
}

/** Only completed operations count: a wrong length ends the bench. */
export function refuseIncomplete(lengthBytes: number | undefined, { sizeBytes }: Place): void {
  if (lengthBytes !== sizeBytes) throw new Error(`An operation gave ${lengthBytes} of ${sizeBytes} bytes.`)
}
