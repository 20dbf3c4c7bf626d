import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Dimension, dimensionSchema, RunaError, type Setting } from '#protocol'
import type { ErrorReply, MannerReply } from '../api.ts'
import { withHouse } from '../stand-in-house.ts'
import { standInServices } from '../stand-ins.ts'

/** As much of snarf as these routes need: one level that can be set, once the person has agreed. */
function standInManner() {
  const profile = { agreed: 'nothing' as 'nothing' | 'settings' | 'learning', short: false }
  const setting = (dimension: Dimension): Setting => {
    const level = dimension === 'length' && profile.short ? 'short' : 'usual'
    return { dimension, level, source: level === 'usual' ? 'default' : 'explicit', reason: '', locked: false }
  }
  const shown = () => ({
    ...{ agreed: profile.agreed, paused: false, mode: 'default' as const, days: 0 },
    settings: dimensionSchema.options.map(setting),
  })
  return standInServices({
    snarf: {
      profile: async () => shown(),
      explain: async ({ dimension }) => ({
        ...{ setting: setting(dimension), asks: 'How?', scale: [], instruction: '', evidence: [] },
      }),
      async agree({ to }) {
        profile.agreed = to
        return shown()
      },
      async set({ settings }) {
        if (profile.agreed === 'nothing') throw new RunaError('CONSENT_NEEDED')
        profile.short = settings.length === 'short'
        return shown()
      },
      export: async () => ({ profile: null }),
    },
  })
}

test('nothing is set before the person agrees, and then each change is answered with how things stand', () =>
  withHouse(async ({ ask }) => {
    const settings = { length: 'short' }
    const early = await ask('/api/manner/set', { settings })
    assert.deepEqual([early.status, await codeOf(early)], [409, 'CONSENT_NEEDED'])
    const agreed = (await (await ask('/api/manner/agree', { to: 'settings' })).json()) as MannerReply
    assert.equal(agreed.agreed, 'settings')
    assert.equal(agreed.dimensions.length, dimensionSchema.options.length)
    const changed = (await (await ask('/api/manner/set', { settings })).json()) as MannerReply
    const about = changed.dimensions.find(({ setting }) => setting.dimension === 'length')
    assert.deepEqual([about?.setting.level, about?.setting.source], ['short', 'explicit'])
    assert.deepEqual(await (await ask('/api/manner')).json(), changed)
    const unknown = await ask('/api/manner/set', { settings: { length: 'endless' } })
    assert.deepEqual([unknown.status, await codeOf(unknown)], [400, 'BAD_INPUT'])
  }, standInManner()))

test('what is kept is taken away as a file', () =>
  withHouse(async ({ ask }) => {
    const file = await ask('/api/manner/export')
    assert.match(file.headers.get('content-disposition') ?? '', /^attachment; filename="runa-manner.json"$/)
    assert.equal(await file.json(), null)
  }, standInManner()))

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as ErrorReply).error.code
}
