import { RunaError } from '#protocol'
import { observerWord } from '../seat/members.ts'
import type { Wiring } from '../seat/wiring.ts'
import { createConsumer } from './ring-consumer.ts'
import { ALL_KINDS } from './ring-records.ts'
import { emptyState, readState } from './ring-state.ts'
import { FIRST_DELIVERY, type MessageListener, type Subscription } from './subscription.ts'
import { listTopics } from './topic.ts'

/** Nobody wakes an observer, so it looks by itself. */
const LOOKS_EVERY_MS = 250
/** Between two looks at the clock of the event loop. */
const BATCH_MAX = 1_024

/**
 * Hears what is published on a topic from now on, and is not noticed: no producer waits for it, wakes it or knows of it.
 * Where it does not keep up it loses some, which it counts, also on a lossless topic. Throws BAD_INPUT where there is no
 * such topic.
 */
export function observeTopic(
  { segment, own, locks }: Wiring,
  name: string,
  listener: MessageListener,
): Subscription {
  const place = listTopics(segment).find((topic) => topic.name === name)?.place
  if (place === undefined) throw new RunaError('BAD_INPUT', `There is no topic '${name}' on this bus.`)
  const state = emptyState()
  readState(segment.words, place.header, state)
  const consumer = createConsumer(
    segment,
    { ...place, lossless: false, erasesRead: false },
    { locks, owner: own, onSpace: () => {} },
    // A cursor that stands in no ring.
    {
      cursor: observerWord(segment, own.row),
      position: state.head,
      sequence: state.headSequence,
      kinds: ALL_KINDS,
      leave: () => {},
    },
  )

  function look(): void {
    for (let heard = 0; heard < BATCH_MAX; heard += 1) {
      const message = consumer.next()
      if (message === undefined) return
      listener(message, FIRST_DELIVERY)
    }
    goingOn = setImmediate(look)
  }

  let goingOn: NodeJS.Immediate | undefined
  const timer = setInterval(look, LOOKS_EVERY_MS)
  return {
    get lost() {
      return consumer.lost
    },
    end() {
      clearInterval(timer)
      clearImmediate(goingOn)
    },
  }
}
