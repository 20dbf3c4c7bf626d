import type { Wiring } from '../seat/wiring.ts'
import { observeSealed } from '../topics/sealed-observer.ts'
import { decodeRecorded, type RecordedMessage } from './recorded.ts'
import { RECORD_TOPIC, raiseOnlooker } from './witness.ts'

const SAYS_EVERY_MS = 1_000

/** Hears what everybody sends, as long as it keeps up. Returns the end of it. */
export function lookOn(wiring: Wiring, listener: (message: RecordedMessage) => void): () => void {
  const observation = observeSealed(wiring, RECORD_TOPIC, {}, (record) => {
    const message = decodeRecorded(record)
    if (message) listener(message)
  })
  let lower = raiseOnlooker(wiring.segment, wiring.own)
  const timer = setInterval(() => {
    lower = raiseOnlooker(wiring.segment, wiring.own)
  }, SAYS_EVERY_MS)
  return () => {
    clearInterval(timer)
    lower()
    observation.end()
  }
}
