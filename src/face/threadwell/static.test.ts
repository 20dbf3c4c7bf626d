import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPages } from './static.ts'

const pages = createPages()
const PATHS = '/ /board/x /chat /chat/x /knowledge /memory /models /settings /welcome /status'.split(' ')

async function textOf(path: string): Promise<string> {
  return (await pages.page(path)?.text()) ?? ''
}

test('every page names only files that are served', async () => {
  for (const html of [...(await Promise.all(PATHS.map(textOf))), await pages.login().text()]) {
    const named = [...html.matchAll(/(?:src|href)="(\/static\/[^"#]+)/g)].map((match) => match[1] ?? '')
    assert.ok(named.length > 3)
    for (const name of named) assert.equal((await pages.file(name))?.status, 200, name)
  }
})

test('every icon that a page uses is in the sprite', async () => {
  const html = (await Promise.all(PATHS.map(textOf))).join('')
  const sprite = (await (await pages.file(`${baseOf(html)}/icons.svg`))?.text()) ?? ''
  const used = [...html.matchAll(/icons\.svg#([a-z0-9-]+)/g)].map((match) => match[1])
  assert.ok(used.length > 10)
  for (const name of used) assert.ok(sprite.includes(`<symbol id="${name}"`), name)
  assert.ok(!/<symbol[^>]*><\/symbol>/.test(sprite), 'no icon is empty')
})

test('a page holds no script, style or handler of its own: a strict policy would not run them', async () => {
  for (const path of PATHS) {
    const html = await textOf(path)
    assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/)
    assert.doesNotMatch(html, /\{\{/)
    assert.doesNotMatch(html, /https?:\/\/(?!www\.w3\.org)/)
  }
})

test('a file is kept for ever under its digest, and not under an old one', async () => {
  const base = baseOf(await textOf('/'))
  const fresh = await pages.file(`${base}/tokens.css`)
  const old = await pages.file('/static/000000000000/tokens.css')
  assert.match(fresh?.headers.get('cache-control') ?? '', /immutable/)
  assert.equal(old?.headers.get('cache-control'), 'no-cache')
})

test('nothing else can be asked for', async () => {
  const base = baseOf(await textOf('/'))
  const names = [
    '../package.json',
    'page/vendor/wa/../../../package.json',
    'page/sentences.test.js',
    '%2e%2e/x',
    '',
  ]
  for (const name of names) assert.equal(await pages.file(`${base}/${name}`), undefined, name)
  assert.equal(pages.page('/nowhere'), undefined)
})

function baseOf(html: string): string {
  return /\/static\/[0-9a-f]{12}/.exec(html)?.[0] ?? ''
}
