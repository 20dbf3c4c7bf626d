import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunaError } from '#protocol'
import type { Secrets } from './secrets.ts'
import { noteTakenOver, wasTakenOver } from './taken-over.ts'

test('that all of before was taken over is noted once, and only its absence says that it was not', async () => {
  const kept = new Set<string>()
  let refusal = new RunaError('SECRET_UNKNOWN')
  const secrets: Secrets = {
    available: true,
    async reveal(name) {
      if (kept.has(name)) return Buffer.from('noted')
      throw refusal
    },
    keep: async (name) => void kept.add(name),
  }
  assert.equal(await wasTakenOver(secrets, 'diary.sealed'), false)
  await noteTakenOver(secrets, 'diary.sealed')
  assert.equal(await wasTakenOver(secrets, 'diary.sealed'), true)
  // Whoever could have the question fail must not be taken for a first start.
  for (const code of [
    'SECRET_NOT_GRANTED',
    'AUDIT_FAILED',
    'COVEN_LINK_BROKEN',
    'SECRETS_MISSING',
  ] as const) {
    refusal = new RunaError(code)
    await assert.rejects(wasTakenOver(secrets, 'other.sealed'), { code })
  }
})
