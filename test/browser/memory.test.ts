import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { type House, openHouse, skip } from './house.ts'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

describe('memory, manner and what is off the record', { skip }, () => {
  let house: House
  let page: Page

  before(async () => {
    house = await openHouse()
    page = await house.open('/chat')
    await ask(page, 'How do I add a model?')
    await ask(page, 'Is my green lantern remembered?')
  })
  after(async () => {
    await house?.close()
  })

  test('what a person thinks of an answer is kept, and shown after a reload', async () => {
    const answer = page.locator('.turn:not(.me)').first()
    await answer.getByRole('button', { name: 'Helpful', exact: true }).click()
    await answer.locator('[aria-pressed=true]', { hasText: 'Helpful' }).waitFor()
    await answer.getByRole('button', { name: 'Not helpful' }).click()
    await answer.getByRole('button', { name: 'Correct it' }).click()
    await page.getByLabel('What would have been right?').fill('Drop its file onto a page.')
    await assertAccessible(page, 'the correction')
    await page.getByRole('button', { name: 'Keep the correction' }).click()
    await answer.getByText('Drop its file onto a page.').waitFor()
    await page.reload()
    await answer.locator('[aria-pressed=true]', { hasText: 'Not helpful' }).waitFor()
    await answer.getByText('Drop its file onto a page.').waitFor()
  })

  test('what another tab says in a chat appears in it without a reload', async () => {
    const other = await house.openBeside(page, new URL(page.url()).pathname)
    await other.locator('.turn').nth(3).waitFor()
    await ask(page, 'What is a topic?')
    await other.locator('.turn.me').getByText('What is a topic?').waitFor()
    await other.locator('.turn:not(.me)').nth(2).getByRole('button', { name: 'Why this answer?' }).waitFor()
    await other.close()
  })

  test('a long chat is shown from its end, and earlier turns when they are asked for', async () => {
    await page.route(/\/api\/threads\/[^/?]+$/, async (route) => {
      const thread = (await (await route.fetch()).json()) as { turns: unknown[]; omitted: number }
      await route.fulfill({ json: { ...thread, turns: thread.turns.slice(2), omitted: 2 } })
    })
    await page.reload()
    await page.locator('.turn.me').getByText('What is a topic?').waitFor()
    assert.equal(await page.locator('.turn.me').count(), 1)
    await page.getByRole('button', { name: 'Show earlier turns' }).click()
    await page.locator('.turn.me').getByText('How do I add a model?').waitFor()
    assert.equal(await page.locator('.turn.me').count(), 3)
    assert.equal(await page.getByRole('button', { name: 'Show earlier turns' }).count(), 0)
    await page.unroute(/\/api\/threads\/[^/?]+$/)
  })

  test('the memory shows what was said and finds it by its words', async () => {
    await page.goto(`${house.url}/memory`)
    await page.locator('.tl-item').nth(2).waitFor()
    assert.match((await page.locator('#memory-count').textContent()) ?? '', /^3 turns/)
    await page.getByLabel('Search words').fill('green lantern')
    await page.keyboard.press('Enter')
    await page.locator('.tl-item mark').getByText('lantern').first().waitFor()
    await assertAccessible(page, 'what was found')
    await page.getByRole('button', { name: 'Show everything' }).click()
    await page.locator('.tl-item').nth(2).waitFor()
    await page
      .getByRole('link', { name: /^In the chat “How do I add/ })
      .first()
      .waitFor()
  })

  test('turns are forgotten by keyboard after a preview, and are gone from the page', async () => {
    const lantern = page.getByRole('checkbox', { name: /green lantern/ })
    await lantern.focus()
    await page.keyboard.press('Space')
    await page.getByText('1 turn chosen.').waitFor()
    await page.getByRole('button', { name: 'Forget these' }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Forget 1 turn?' })
    await dialog.getByText('Preview. Nothing has changed yet.').waitFor()
    await assertAccessible(page, 'the preview')
    await page.keyboard.press('Escape')
    await lantern.waitFor()
    await page.getByLabel('Every turn in which this was said').fill('GREEN lantern')
    await page.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Forget 1 turn, for good' }).click()
    await dialog.getByText('1 turn forgotten.').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await page.locator('.tl-item').nth(1).waitFor()
    assert.equal(await page.getByText('green lantern').count(), 0)
    await page.getByRole('button', { name: 'Is my memory whole?' }).click()
    await page.getByRole('dialog').getByText('Yes. It is whole.').waitFor()
    await page.keyboard.press('Escape')
  })

  test('a chat off the record says so all the time, and leaves nothing when it is closed', async () => {
    await page.goto(`${house.url}/chat`)
    await page.getByLabel('Off the record').check()
    await page.getByLabel('Your message').fill('Nobody knows of my violet teapot.')
    assert.equal(await page.evaluate('JSON.stringify(localStorage).includes("teapot")'), false)
    await ask(page, 'Nobody knows of my violet teapot.')
    await page.getByText('Nothing of this chat is kept on the disk').waitFor()
    assert.doesNotMatch(await page.title(), /teapot/)
    await assertAccessible(page, 'off the record')
    await page.goto(`${house.url}/memory`)
    await page
      .locator('#off')
      .getByRole('link', { name: /teapot/ })
      .waitFor()
    await page.locator('#said:not([aria-busy])').waitFor()
    assert.equal(await page.locator('.tl-item', { hasText: 'teapot' }).count(), 0)
    const path = (await page.locator('#off a').getAttribute('href')) ?? ''
    const other = await house.openBeside(page, path)
    await other.locator('.turn.me', { hasText: 'teapot' }).waitFor()
    await page.locator('#off a').click()
    await page.getByRole('button', { name: 'Close and leave nothing' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Close and leave nothing' }).click()
    await page.waitForURL('**/chat')
    await page.locator('#threads .conv').first().waitFor()
    assert.equal(await page.getByText('teapot').count(), 0)
    await other.locator('#turns').getByText('This chat is gone.').waitFor()
    await other.locator('.conv', { hasText: 'teapot' }).waitFor({ state: 'detached' })
    assert.equal(await other.locator('#main').getByText('teapot').count(), 0)
    await other.close()
  })

  test('nothing about the manner is kept before a person agrees; then each setting says where it comes from', async () => {
    await page.goto(`${house.url}/settings`)
    await page.locator('#manner-state').getByText('Nothing is kept.').waitFor()
    assert.equal(await page.locator('.dim').first().isVisible(), false)
    await page.getByLabel('What I set or ask for').check()
    await page.getByLabel('How long is an answer?').selectOption({ label: 'A few sentences.' })
    const length = page.locator('.dim[data-dimension=length]')
    await length.getByText('You set it on').waitFor()
    await page.getByRole('button', { name: 'Lock How long is an answer?' }).click()
    await page.getByRole('button', { name: 'Locked How long is an answer?' }).waitFor()
    await length.getByText('What it does').click()
    await length.getByText('Keep the answer to a few sentences.').waitFor()
    await page.locator('#mode').getByLabel('Low-stimulus').check()
    await page.locator('.dim[data-dimension=words]').getByText('From the mode').waitFor()
    await assertAccessible(page, 'the settings')
    await page.getByRole('button', { name: 'Reset How long is an answer?' }).click()
    await length.getByText('From the mode').waitFor()
    await page.locator('#agreed').getByLabel('Nothing').check()
    await page.getByRole('button', { name: 'Delete, and keep nothing' }).click()
    await page.locator('#manner-state').getByText('Nothing is kept.').waitFor()
  })

  test('nothing was asked of another machine', () => house.assertQuiet(/^Applying inline style/))
})

async function ask(page: Page, question: string): Promise<void> {
  const before = await page.locator('.turn.me').count()
  await page.getByLabel('Your message').fill(question)
  await page.keyboard.press('Control+Enter')
  await page.locator('.turn:not(.me)').nth(before).getByRole('button', { name: 'Why this answer?' }).waitFor()
}

async function assertAccessible(page: Page, where: string): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
  assert.ok(passes.length > 5, `axe looked at ${where}`)
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`),
    [],
    where,
  )
}
