import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuVariant } from './build.ts'

const line = (file: string) => `7f00-7f01 r-xp 00000000 08:01 1 /somewhere/bins/linux-x64/${file}\n`

test("the variant for this processor is read from what is mapped into the engine's memory", () => {
  const maps = ['libggml-base.so', 'libggml-cpu-haswell.so', 'libggml-cpu-haswell.so', 'libllama.so'].map(
    line,
  )
  assert.deepEqual(cpuVariant(maps.join('')), ['haswell'])
})

test('an engine with one code for all processors has no variant', () => {
  assert.deepEqual(cpuVariant(line('libggml-cpu.so')), [])
})
