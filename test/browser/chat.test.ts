import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type House, openHouse, skip } from './house.ts'
import { HARMLESS_MARKDOWN, PAYLOADS } from './payloads.ts'

const QUESTION = 'How do I add a model?'

describe('chat', { skip }, () => {
  let house: House
  let page: Page

  before(async () => {
    house = await openHouse()
    page = await house.open('/welcome')
  })
  after(async () => {
    await house?.close()
  })

  test('a first question from the first page is answered from the handbook, and its citation opens', async () => {
    await page.getByRole('link', { name: QUESTION }).click()
    const answer = page.locator('.turn:not(.me)')
    await answer.getByRole('button', { name: 'Why this answer?' }).waitFor()
    await answer.getByRole('button', { name: 'Source 1', exact: true }).first().click()
    const source = page.locator('#sources .src.on')
    await source.locator('mark').waitFor()
    const marked = (await source.locator('mark').textContent()) ?? ''
    assert.ok(((await answer.textContent()) ?? '').includes(marked.split('`')[0] ?? '!'))
    assert.ok(((await source.locator('.around').allTextContents()).join('') ?? '').trim().length > 0)
    assert.match(page.url(), /\/chat\/[0-9a-f-]{36}$/)
  })

  test('the chat is there after a reload, in the list and with its sources', async () => {
    await page.reload()
    await page
      .locator('.turn:not(.me)')
      .getByRole('button', { name: 'Source 1', exact: true })
      .first()
      .waitFor()
    await page.locator('.conv[aria-current]').getByText(QUESTION).waitFor()
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), QUESTION)
  })

  test('Ctrl Enter sends, and a draft outlives a reload', async () => {
    await page.getByLabel('Your message').fill('Does anything leave my')
    await page.reload()
    await page.waitForFunction("document.querySelector('#message').value === 'Does anything leave my'")
    await page.locator('#options wa-select').first().waitFor()
    await page.getByLabel('Your message').fill('Does anything leave my machine?')
    await page.keyboard.press('Control+Enter')
    await page.locator('.turn:not(.me)').nth(1).getByRole('button', { name: 'Why this answer?' }).waitFor()
    assert.equal(await page.getByLabel('Your message').inputValue(), '')
  })

  test('why an answer is as it is can be read, and the answer made again', async () => {
    await page.locator('.turn:not(.me)').first().getByRole('button', { name: 'Why this answer?' }).click()
    const dialog = page.getByRole('dialog', { name: 'Why this answer?' })
    await dialog.getByRole('heading', { name: 'Who answered' }).waitFor()
    await dialog.getByRole('button', { name: /^Show it \[1\]/ }).click()
    await dialog.locator('.shown-place mark').waitFor()
    await dialog.getByRole('button', { name: 'Run it again' }).click()
    await dialog.locator('[data-same=true]').waitFor()
    await dialog.getByText('The whole record').click()
    await dialog.getByText('None: quotes only').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  test('Escape stops an answer, and says so', async () => {
    // Held back by the browser, so that there is time to stop it.
    await page.route('**/api/turns', () => {})
    await page.getByLabel('Your message').fill('What is a topic?')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('button', { name: 'Stop' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.turn .note').getByText('Stopped by you.').waitFor()
    await page.unroute('**/api/turns')
  })

  test('what went wrong is said with advice, and can be tried again', async () => {
    const failure = { code: 'MODEL_FAILED', message: 'The model stopped.', advice: 'It is started again.' }
    const body = `${JSON.stringify({ kind: 'error', ...failure })}\n`
    await page.route('**/api/turns', (route) => route.fulfill({ contentType: 'application/x-ndjson', body }))
    await page.getByLabel('Your message').fill('What is a board?')
    await page.getByRole('button', { name: 'Send' }).click()
    const note = page.locator('.note[data-code="MODEL_FAILED"]')
    await note.getByText('It is started again.').waitFor()
    await page.unroute('**/api/turns')
    await note.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.turn:not(.me)').last().getByRole('button', { name: 'Why this answer?' }).waitFor()
    assert.equal(await note.count(), 0)
  })

  test('what the default policy answers itself is a calm note with people to call', async () => {
    await page.getByLabel('Your message').fill('I want to end my life.')
    await page.getByRole('button', { name: 'Send' }).click()
    const note = page.locator('.note.care[data-kind="blocked"]')
    await note.getByText('No model made it up.').waitFor()
    await note.getByText('112 (emergency)').first().waitFor()
    assert.equal(await page.locator('.turn').last().locator('.st-fail').count(), 0)
  })

  test('on a phone a citation opens its passage under the sentence', async () => {
    const phone = await house.open(new URL(page.url()).pathname, { width: 360, height: 740 })
    const cite = phone.locator('.turn .text').getByRole('button', { name: 'Source 1', exact: true }).first()
    await cite.click()
    await phone.locator('.turn .src.in-place mark').waitFor()
    await cite.click()
    await phone.locator('.turn .src.in-place').waitFor({ state: 'detached' })
    await phone.context().close()
  })

  test('text of strangers runs nothing and asks for nothing', async () => {
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.evaluate(renderInPage(PAYLOADS))
    // Whatever a payload starts had its turn once two more frames were painted.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
    assert.equal(await page.evaluate('globalThis.strangerWasHere ?? null'), null)
    // The page itself may ask for its state just then; no payload names that.
    const own = [`${house.url}/api/state`, `${house.url}/api/threads`]
    assert.deepEqual(
      asked.filter((url) => !own.includes(url)),
      [],
    )
    const forbidden =
      '#stranger :is(script, img, iframe, svg, style, form, input, object, embed, video, audio, link, meta, base)'
    assert.equal(await page.locator(forbidden).count(), 0)
    const handlers = "[...document.querySelectorAll('#stranger *')].flatMap((e) => e.getAttributeNames())"
    const names = (await page.evaluate(handlers)) as string[]
    assert.deepEqual(
      [...new Set(names)].filter((name) => name.startsWith('on') || name === 'style'),
      [],
    )
    const links = "[...document.querySelectorAll('#stranger a')].map((a) => a.getAttribute('href'))"
    for (const link of (await page.evaluate(links)) as string[]) assert.match(link, /^(https?|mailto):/)
  })

  test('harmless Markdown is shown, and links say where they lead', async () => {
    await page.evaluate(renderInPage([HARMLESS_MARKDOWN]))
    const link = page.locator('#stranger a')
    assert.equal(await link.getAttribute('rel'), 'noreferrer noopener')
    assert.equal(await link.textContent(), 'a page (https://example.org/x)')
    assert.deepEqual(await page.locator('#stranger li').allTextContents(), ['one', 'two'])
    assert.equal(await page.locator('#stranger table td').first().textContent(), '1')
    assert.equal(await page.locator('#stranger pre').count(), 1)
    await page.locator('#stranger').evaluate('(element) => element.remove()')
  })

  test('a chat is removed after a preview of what goes', async () => {
    await page.getByRole('button', { name: 'Remove this chat' }).click()
    const dialog = page.getByRole('dialog', { name: 'Remove this chat?' })
    await dialog.getByText(QUESTION).waitFor()
    await dialog.getByRole('button', { name: 'Remove this chat' }).click()
    await page.waitForURL('**/chat')
    await page.locator('#threads').getByText('None yet.').waitFor()
  })

  test('nothing was asked of another machine', () => house.assertQuiet())
})

/** A program that renders texts as answers of a model, within the page and its policy. */
function renderInPage(texts: readonly string[]): string {
  return `(async () => {
    const scripts = document.querySelector('script[type=module]').src
    const { createMarkdownView } = await import(new URL('./markdown.js', scripts).href)
    const place = document.createElement('div')
    place.id = 'stranger'
    document.querySelector('#stranger')?.remove()
    document.querySelector('#turns').append(place)
    for (const text of ${JSON.stringify(texts)}) createMarkdownView(place, () => undefined).show(text)
  })()`
}
