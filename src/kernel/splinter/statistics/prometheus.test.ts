import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { describeLatency, HISTOGRAM_WORDS } from './histogram.ts'
import { toPrometheus } from './prometheus.ts'
import { someMember, someTopic, statisticsOf } from './statistics-fixture.ts'

interface ReadSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A reader of the text format, from its description. Throws where a line is neither comment nor sample. */
function readPrometheus(text: string): { samples: ReadSample[]; types: Map<string, string> } {
  assert.ok(text.endsWith('\n'))
  const types = new Map<string, string>()
  const samples: ReadSample[] = []
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (comment?.[1] === 'TYPE') {
      assert.ok(!types.has(comment[2] ?? ''), 'one TYPE a name')
      types.set(comment[2] ?? '', comment[3] ?? '')
    }
    if (!comment) samples.push(readSample(line))
  }
  return { samples, types }
}

function readSample(line: string): ReadSample {
  const [, name = '', written = '', value = ''] =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line) ?? assert.fail(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  const rest = written.replaceAll(
    /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gs,
    (_, label: string, text: string) => {
      labels[label] = text.replaceAll(/\\(.)/gs, (_all, escaped: string) =>
        escaped === 'n' ? '\n' : escaped,
      )
      return ''
    },
  )
  assert.equal(rest, '', `labels that cannot be read: ${line}`)
  const number = Number(value)
  assert.ok(!Number.isNaN(number))
  return { name, labels, value: number }
}

const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })
const count = fc.nat(2 ** 31 - 1)
const histogram = fc.array(fc.nat(1_000), { minLength: HISTOGRAM_WORDS, maxLength: HISTOGRAM_WORDS })

test('a reader of the format reads back names, figures and latencies, whatever members and topics are called', () => {
  fc.assert(
    fc.property(name, name, count, histogram, (memberName, topicName, sent, counts) => {
      const latency = describeLatency(counts)
      const member = someMember({ name: memberName, sentMessages: sent, latency })
      const topic = someTopic({ name: topicName, consumer: memberName, behindBytes: 32, latency })
      const { samples, types } = readPrometheus(toPrometheus(statisticsOf([member], [topic])))
      const find = (wanted: string) => samples.filter((sample) => sample.name === wanted)

      const labels = { member: memberName, address: member.address }
      assert.deepEqual(find('runa_bus_member_sent_messages_total'), [
        { name: 'runa_bus_member_sent_messages_total', labels, value: sent },
      ])
      assert.equal(types.get('runa_bus_member_sent_messages_total'), 'counter')
      assert.equal(find('runa_bus_topic_behind_bytes')[0]?.labels['topic'], topicName)
      assert.equal(find('runa_bus_topic_latency_seconds_count')[0]?.value, latency.count)
    }),
    { numRuns: 50 },
  )
})

test('the buckets of a histogram grow to its count, and each line belongs to a family with a type', () => {
  fc.assert(
    fc.property(histogram, (counts) => {
      const latency = describeLatency(counts)
      const { samples, types } = readPrometheus(toPrometheus(statisticsOf([someMember({ latency })], [])))
      const buckets = samples.filter((sample) => sample.name === 'runa_bus_inbox_latency_seconds_bucket')
      const values = buckets.map(({ value }) => value)
      assert.deepEqual(
        values,
        [...values].sort((one, other) => one - other),
      )
      assert.equal(values.at(-1), latency.count)
      assert.equal(buckets.at(-1)?.labels['le'], '+Inf')
      for (const sample of samples) {
        assert.ok(types.has(sample.name.replace(/_(bucket|sum|count)$/, '')) || types.has(sample.name))
      }
    }),
    { numRuns: 50 },
  )
})
