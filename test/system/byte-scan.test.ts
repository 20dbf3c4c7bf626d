import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { createSealedMemory } from '#kernel/sys'
import { createByteScan } from './byte-scan.ts'

const WORD = 'Zoë said "the quorvixel\nis blue"'
const folder = mkdtempSync(join(tmpdir(), 'runa-byte-scan-'))
after(() => rmSync(folder, { recursive: true }))

const scan = createByteScan([WORD])
const around = (bytes: Buffer) => Buffer.concat([Buffer.alloc(9_001, 'a'), bytes, Buffer.alloc(9_001, 'b')])
const inAscii = (text: string) => text.replaceAll('ë', '\\u00eb')

const FORMS: Record<string, Buffer> = {
  'UTF-8': Buffer.from(WORD),
  'UTF-16, little end first': Buffer.from(WORD, 'utf16le'),
  'UTF-16, big end first': Buffer.from(WORD, 'utf16le').swap16(),
  JSON: Buffer.from(JSON.stringify({ text: WORD })),
  'JSON in ASCII': Buffer.from(inAscii(JSON.stringify(WORD))),
  'JSON in JSON': Buffer.from(JSON.stringify({ text: JSON.stringify(WORD) })),
  address: Buffer.from(new URLSearchParams({ q: WORD }).toString().replaceAll('+', '%20')),
  hex: Buffer.from(Buffer.from(WORD).toString('hex')),
  HEX: Buffer.from(Buffer.from(WORD).toString('hex').toUpperCase()),
  'base64 from byte 0': Buffer.from(Buffer.from(`abc${WORD}x`).toString('base64')),
  'base64 from byte 1': Buffer.from(Buffer.from(`a${WORD}xy`).toString('base64')),
  'base64 from byte 2': Buffer.from(Buffer.from(`ab${WORD}xyz`).toString('base64')),
}

for (const [form, bytes] of Object.entries(FORMS)) {
  test(`a word is found as ${form}`, () => {
    const hits = scan.bytes('here', around(bytes))
    assert.ok(
      hits.some((hit) => hit.form === form),
      JSON.stringify(hits),
    )
  })
}

test('a word is found in what is packed, also where the end is missing', () => {
  const text = Buffer.from(`${'some text '.repeat(500)}${WORD}${' and more '.repeat(500)}`)
  for (const packed of [gzipSync(text), deflateSync(text), deflateSync(text, { level: 9 })]) {
    assert.deepEqual(scan.bytes('here', text.subarray(0, 4_000)), [])
    assert.ok(scan.bytes('here', around(packed)).some(({ place }) => place === 'here, unpacked'))
    assert.ok(scan.bytes('here', packed.subarray(0, packed.length - 4)).length > 0)
  }
})

test('a folder is searched with its names, but for what is left out', () => {
  mkdirSync(join(folder, 'deep/quorvixel'), { recursive: true })
  writeFileSync(
    join(folder, 'deep/file'),
    Buffer.concat([Buffer.alloc(3 * 2 ** 20), Buffer.from('a quorvixel')]),
  )
  const rare = createByteScan(['quorvixel'])
  const places = rare.folder(folder).map(({ place }) => place)
  assert.deepEqual(places.sort(), [join(folder, 'deep/file'), 'the name of deep/quorvixel'])
  assert.deepEqual(rare.folder(folder, ['deep']), [])
})

test('of a process, arguments, environment, sealed memory and removed files are searched', async () => {
  const memory = createSealedMemory('runa-test', 8_192)
  const removed = join(folder, 'removed')
  writeFileSync(removed, 'quorvixel in a file')
  const fd = openSync(removed, 'r')
  unlinkSync(removed)
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', 'quorvixel'], {
    stdio: ['pipe', 'ignore', 'ignore', memory, fd],
    env: { NAME: 'a quorvixel' },
  })
  try {
    writeSync(memory, 'quorvixel in memory', 0)
    const places = createByteScan(['quorvixel'])
      .process(child.pid ?? 0)
      .map(({ place }) => place.split('/').slice(3).join('/').split(' ')[0])
    assert.deepEqual(places.sort(), ['cmdline', 'environ', 'fd/3', 'fd/4'])
    assert.deepEqual(createByteScan(['vorquixel']).process(child.pid ?? 0), [])
  } finally {
    child.kill('SIGKILL')
    closeSync(memory)
    closeSync(fd)
  }
})
