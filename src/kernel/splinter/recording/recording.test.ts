import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestBuses, until } from '../fixture.ts'
import { closeSegment, openSegment } from '../segment/segment.ts'
import { decodeAnnouncement } from '../store/announcement-format.ts'
import { HEARD } from './witness.ts'

const { newBus, seat } = createTestBuses()
const MESSAGES = 20_000

test('a strict recorder that was stopped holds nobody up for ever, and its gap is told', async () => {
  const path = newBus()
  const [recorder, sender] = [seat(path, 'recorder'), seat(path, 'sender')]
  let [recorded, missed, announced] = [0, 0, 0]
  sender.topic('$announcements').subscribe((message) => {
    const announcement = decodeAnnouncement(message)?.announcement
    if (announcement?.what === 'messages-lost') announced += announcement.count ?? 0
  })
  const recording = recorder.record({
    strict: true,
    async keep(messages, gap) {
      recorded += messages.filter(({ to }) => to === 'news').length
      missed += gap
    },
  })
  let sent = 0
  const send = () => {
    for (let count = 0; count < MESSAGES; count += 1, sent += 1) sender.topic('news').publish(Buffer.alloc(1))
  }
  assert.throws(send, { code: 'BUS_BACKPRESSURE' })
  const segment = openSegment(path)
  // As if it had said nothing for so long: this process is the recorder as well, and has had no turn.
  Atomics.sub(segment.words, HEARD, 10_500)
  send()
  await until(() => recorded + missed >= sent && announced >= missed)
  assert.ok(missed > 0)
  assert.deepEqual([recorded + missed, announced], [sent, missed])
  assert.throws(send, { code: 'BUS_BACKPRESSURE' })
  await recording.end()
  send()
  closeSegment(segment)
})
