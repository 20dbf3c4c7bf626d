import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BROKEN_BYTE, foldCodePoint } from './fold.ts'
import { FoldedText, PASSED_OVER_MAX } from './folded-text.ts'
import { sequenceAt } from './utf8.ts'

function fold(text: string | Uint8Array): string {
  const folded = new FoldedText()
  folded.append(Buffer.from(text), true)
  const units = Array.from({ length: folded.unitCount }, (_, unit) => folded.unitAt(unit))
  return Buffer.from(units).toString('utf8')
}

test('spellings that look the same become the same', () => {
  const same: readonly [string, string][] = [
    ['ｆｕｌｌ ｗｉｄｔｈ', 'full width'],
    ['𝐛𝐨𝐥𝐝 𝓼𝓬𝓻𝓲𝓹𝓽', 'bold script'],
    ['cafe\u0301 naïve Zürich', 'cafe naive Zurich'],
    ['z\u200be\u200dr\ufeffo\u00ad width\u2060', 'zero width'],
    ['ѕuісіdе', 'suicide'],
    ['ΑΒ', 'Aβ'],
    ['don’t “quote” — so', 'don\'t "quote" - so'],
    ['ﬁne ½', 'fine 1⁄2'],
    ['a \t\r\n\u00a0\u3000 b', 'a b'],
    ['Keep ASCII As It Is_1', 'Keep ASCII As It Is_1'],
    ['ÉCOLE', 'ECOLE'],
  ]
  for (const [written, folded] of same) assert.equal(fold(written), folded)
})

test('a run of invisible characters is passed over up to its limit, then breaks the word', () => {
  assert.equal(fold(`a${'\u200b'.repeat(PASSED_OVER_MAX)}b`), 'ab')
  const broken = new FoldedText()
  broken.append(Buffer.from(`a${'\u200b'.repeat(PASSED_OVER_MAX + 1)}b`), true)
  assert.deepEqual([broken.unitCount, broken.unitAt(1)], [3, BROKEN_BYTE])
})

test('broken bytes are grouped as every decoder of the web groups them', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.array(fc.constantFrom(0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xf8, 0x41), {
      maxLength: 12,
    }),
  )
  fc.assert(
    fc.property(bytes, (given) => {
      const text = Uint8Array.from(given)
      let ours = ''
      for (let at = 0; at < text.length; ) {
        const { codePoint, length } = sequenceAt(text, at, text.length)
        ours += codePoint === undefined ? '\ufffd' : String.fromCodePoint(codePoint)
        at += length
      }
      assert.equal(ours, new TextDecoder('utf-8', { ignoreBOM: true }).decode(text))
    }),
    { numRuns: 2_000 },
  )
})

test('a fold is the same whatever was folded before, and folding it again changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      const once = fold(text)
      assert.equal(fold(once), once)
      assert.equal(fold(text), once)
    }),
  )
  for (let codePoint = 0; codePoint < 0x3000; codePoint += 1) {
    const { bytes, words } = foldCodePoint(codePoint)
    assert.equal(bytes.length, words.length)
  }
})
