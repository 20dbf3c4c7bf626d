import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { describeLogLine, type LogLine, mergeLogLines, parseLogLine } from './log-line.ts'
import { createLogSource } from './log-source.ts'
import { parseSince } from './log-times.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-logs-'))
after(() => rmSync(folder, { recursive: true }))

const AT = Date.parse('2026-01-31T12:00:00.123Z')

test('a line of JSON says when it was written, and any other belongs to the one before', () => {
  const known = parseLogLine(
    'tieto',
    '{"time":"2026-01-31T12:00:00.123Z","event":"ready","model":"small"}',
    5,
  )
  assert.deepEqual([known.at, known.record?.['event']], [AT, 'ready'])
  assert.equal(describeLogLine(known), '2026-01-31 12:00:00.123  tieto         ready model=small')
  for (const line of ['    at main.ts:3', '{"time":', '{"time":"never"}', '', '{}'])
    assert.deepEqual(parseLogLine('tieto', line, 5), { service: 'tieto', line, at: 5, record: undefined })
  const call = parseLogLine(
    'tieto',
    '{"time":"2026-01-31T12:00:00.123Z","service":"tieto","operation":"topics","outcome":"OK","durationMs":0.7,"input":{}}',
    undefined,
  )
  assert.match(describeLogLine(call), /tieto {9}topics OK 0\.7 ms input=\{\}$/)
})

test('lines of several logs come in the order of their times, and those of one log in theirs', () => {
  const logOf = fc.array(fc.option(fc.nat(20), { nil: undefined }), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(logOf, { maxLength: 4 }), (times) => {
      const logs = times.map((log, service) => {
        let before: number | undefined
        return log.map((at, index): LogLine => {
          // A clock that was set back does not turn a log around.
          before = Math.max(before ?? 0, at ?? 0)
          return { service: String(service), line: String(index), at: before, record: undefined }
        })
      })
      const merged = mergeLogLines(logs)
      const moments = merged.map(({ at }) => at ?? 0)
      assert.deepEqual(
        moments,
        [...moments].sort((one, other) => one - other),
      )
      logs.forEach((log, service) => {
        const own = merged.filter((line) => line.service === String(service))
        assert.deepEqual(own, log)
      })
    }),
  )
})

test('what is added is read once, whatever is moved away meanwhile, and only in whole lines', () => {
  const action = fc.oneof(
    fc.constant('look' as const),
    fc.constant('move' as const),
    fc.constant('move all' as const),
    fc.string({ maxLength: 12 }).map((text) => ({ text: text.replaceAll('\n', ' ') })),
    fc.constant({ text: 'ä\n' }),
  )
  let count = 0
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      count += 1
      const path = join(folder, `${count}.log`)
      writeFileSync(path, '')
      const source = createLogSource('tieto', path)
      const seen: string[] = []
      let written = ''
      let hasMoved = false
      const look = () => {
        seen.push(...source.readNew().map(({ line }) => line))
        hasMoved = false
      }
      look()
      for (const next of actions) {
        if (next === 'look') look()
        else if (next === 'move' || next === 'move all') {
          // Twice between two looks is more than ten seconds and 8 MiB: what was moved first is gone.
          if (hasMoved) look()
          hasMoved = move(path, next === 'move' ? 8 : 0)
          if (hasMoved && next === 'move') look()
        } else {
          // No two lines of a log are alike.
          const text = `${written.length}${next.text}`
          appendFileSync(path, text)
          written += text
        }
      }
      look()
      assert.deepEqual(seen, written.split('\n').slice(0, -1))
    }),
    { numRuns: 200 },
  )
})

/** As a rotation does: the older one first, then the log, in place. */
function move(path: string, kept: number): boolean {
  const bytes = readFileSync(path)
  if (bytes.length <= kept) return false
  writeFileSync(`${path}.new`, bytes.subarray(0, bytes.length - kept))
  renameSync(`${path}.new`, `${path}.1`)
  writeFileSync(path, bytes.subarray(bytes.length - kept))
  return true
}

test('an end of a long log begins with a whole line', () => {
  const path = join(folder, 'long.log')
  writeFileSync(path, `${'x'.repeat(99)}\n`.repeat(60_000))
  const lines = createLogSource('tieto', path).readNew()
  assert.ok(lines.length > 40_000 && lines.length < 60_000)
  assert.ok(lines.every(({ line }) => line.length === 99))
})

test('a time is so long ago, a day, or a moment', () => {
  const now = 10 * 86_400_000
  assert.equal(parseSince('10m', now), now - 600_000)
  assert.equal(parseSince('3d', now), now - 3 * 86_400_000)
  assert.equal(parseSince('2026-01-31T12:00:00.123Z', now), AT)
  assert.equal(parseSince('2026-01-31', now), new Date(2026, 0, 31).getTime())
  for (const wrong of ['', '10', '-3m', '3w', 'yesterday', '2026-02-31'])
    assert.throws(() => parseSince(wrong, now), { code: 'BAD_INPUT', message: /--since takes/ })
})
