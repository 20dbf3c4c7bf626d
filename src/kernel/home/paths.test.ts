import assert from 'node:assert/strict'
import { test } from 'node:test'
import { homeDigest, homeFolder, homePaths } from './paths.ts'

test('RUNA_HOME goes before XDG_DATA_HOME', () => {
  assert.equal(homeFolder({ XDG_DATA_HOME: '/data' }), '/data/runa')
  assert.equal(homeFolder({ XDG_DATA_HOME: '/data', RUNA_HOME: '/mine' }), '/mine')
  assert.equal(homePaths('/mine').topics, '/mine/topics')
  assert.notEqual(homeDigest('/mine'), homeDigest('/yours'))
})
