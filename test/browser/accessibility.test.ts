import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { type House, openHouse, skip } from './house.ts'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Each page, with what shows that it is ready. */
const PAGES: readonly (readonly [path: string, ready: string])[] = [
  ['/', '.list .card'],
  ['/chat?ask=How+do+I+add+a+model%3F', '.turn .acts-row'],
  ['/knowledge?topic=handbook', '#documents tr'],
  ['/memory', '.tl-item'],
  ['/settings', '#kept .note'],
  ['/models', '#suggestions tr'],
  ['/welcome', '#suggestions tr'],
  ['/status', '#services tr'],
]

describe('accessibility', { skip }, () => {
  let house: House

  before(async () => {
    house = await openHouse()
    await (await house.open('/welcome')).context().close()
  })
  after(async () => {
    await house?.close()
  })

  for (const theme of ['light', 'dark'] as const) {
    test(`no page violates WCAG 2.2 AA in the ${theme} theme`, async () => {
      const page = await house.open('/welcome', { theme })
      for (const [path, ready] of PAGES) {
        await page.goto(house.url + path)
        await page.locator(ready).first().waitFor()
        await assertAccessible(page, path)
        assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, `${path} has one h1`)
      }
      await page.context().close()
    })
  }

  test('dialogs, the menu and the view settings violate nothing either', async () => {
    const page = await house.open('/')
    await page.getByRole('link', { name: 'What is an assistant list?' }).click()
    await page.getByRole('dialog').waitFor()
    await assertAccessible(page, 'the card')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Actions for Assistant' }).click()
    await assertAccessible(page, 'the menu')
    await page.getByRole('menuitem', { name: 'Assistant' }).click()
    await page.getByRole('dialog').waitFor()
    await assertAccessible(page, 'the assistant of a list')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'View settings' }).click()
    await assertAccessible(page, 'the view settings')
    for (const mode of ['Low-stimulus', 'Playful']) {
      await page.getByLabel(mode).check()
      await assertAccessible(page, mode)
    }
    await page.context().close()
  })

  test('what opens on other pages, and what a phone shows, violates nothing either', async () => {
    const page = await house.open('/knowledge', { width: 360, height: 740 })
    await page.getByLabel('Search words').fill('assistant')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.locator('.hit').first().waitFor()
    await assertAccessible(page, 'passages that were found')
    await page
      .getByRole('button', { name: /^Open the passage/ })
      .first()
      .click()
    await assertAccessible(page, 'an opened passage')
    await page.goto(`${house.url}/chat?ask=How+do+I+add+a+model%3F`)
    await page.getByRole('button', { name: 'Source 1', exact: true }).first().click()
    await page.locator('.in-place mark').waitFor()
    await assertAccessible(page, 'a passage in place')
    await page.getByRole('button', { name: 'Why this answer?' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Run it again' }).waitFor()
    await assertAccessible(page, 'why an answer is as it is')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Options and earlier chats' }).click()
    await page.getByRole('dialog').locator('wa-select').first().waitFor()
    await assertAccessible(page, 'the options of a chat')
    await page.goto(house.url)
    await page.locator('.list.shown .card').first().waitFor()
    await assertAccessible(page, 'the board of a phone')
    await page.context().close()
  })

  test('no page scrolls sideways from 320 to 1440 pixels', async () => {
    const page = await house.open('/welcome')
    for (const [path, ready] of PAGES) {
      await page.goto(house.url + path)
      await page.locator(ready).first().waitFor({ state: 'attached' })
      for (const width of [320, 360, 768, 1024, 1440]) {
        await page.setViewportSize({ width, height: 800 })
        const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        assert.ok(Number(beyond) <= 0, `${path} is ${beyond} px too wide at ${width} px`)
      }
    }
    await page.context().close()
  })

  test('a browser that is not logged in is told how to, accessibly', async () => {
    const page = await house.open('/status')
    await page.context().clearCookies()
    await page.goto(`${house.url}/status`)
    await page.getByRole('heading', { name: 'This browser is not logged in.' }).waitFor()
    await assertAccessible(page, 'the login page')
    await page.context().close()
  })

  test('a planted fault is found', async () => {
    const page = await house.open('/status')
    await page.locator('#services tr').first().waitFor()
    const plant = "document.querySelector('.page').append(document.createElement('button'))"
    await page.evaluate(plant)
    await assert.rejects(assertAccessible(page, 'the planted fault'), /button-name/)
    await page.context().close()
  })

  // axe itself tries inline styles while it looks at a page.
  test('nothing was asked of another machine', () => house.assertQuiet(/^Applying inline style/))
})

async function assertAccessible(page: Page, where: string): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
  assert.ok(passes.length > 5, `axe looked at ${where}`)
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  )
  assert.deepEqual(found, [], where)
}
