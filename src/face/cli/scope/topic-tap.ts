import type { Bus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { untilStopped } from '../bus/topic-work.ts'
import { carry, preview } from '../bus/values.ts'
import { print } from '../output.ts'
import { timeOf } from './tap-page.ts'

interface TopicTapOptions {
  /** The contract whose words the topic carries. Without it, what is sealed stays so. */
  readonly words?: string
  readonly json: boolean
}

/** Shows what is published on a topic, without being one of those whom it waits for. Until the signal. */
export async function tapTopic(
  bus: Bus,
  topic: string,
  { words, json }: TopicTapOptions,
  signal: AbortSignal,
): Promise<void> {
  let told = 0
  const observation = bus.observe(topic, words === undefined ? {} : { words }, (message) => {
    tellLosses()
    const at = Date.now()
    const sizeBytes = message.length
    print(
      { at, topic, sizeBytes, ...carry(message) },
      json,
      `${timeOf(at)} ${sizeBytes} B: ${preview(message)}`,
    )
  })

  function tellLosses(): void {
    const lost = observation.lost - told
    if (lost === 0) return
    told = observation.lost
    print({ at: Date.now(), topic, lost }, json, `${lost} messages came too fast to be shown.`)
  }

  await untilStopped(signal).finally(observation.end)
  throw new RunaError('CANCELLED', 'Stopped.')
}
