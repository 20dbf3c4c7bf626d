import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type House, openHouse, skip } from './house.ts'

const FIRST = 'What is an assistant list?'

describe('the board', { skip }, () => {
  let house: House
  let page: Page

  before(async () => {
    house = await openHouse()
    page = await house.open('/welcome')
    await page.getByRole('link', { name: 'Go to the board' }).click()
    await card(page, FIRST).waitFor()
  })
  after(async () => {
    await house?.close()
  })

  test('a card is added in a dialog', async () => {
    for (const title of ['Water the plants', 'Buy bread']) {
      await page.getByRole('button', { name: 'New card' }).click()
      await page.getByLabel('What is it about?').fill(title)
      await page.getByRole('button', { name: 'Add card' }).click()
      await card(page, title).waitFor()
    }
    assert.deepEqual(await titles(page, 'Inbox'), ['Buy bread', 'Water the plants', FIRST])
  })

  test('the mouse drags a card to another list, where it is still after a reload', async () => {
    const from = await box(card(page, 'Water the plants'))
    const to = await box(list(page, 'Done'))
    await page.mouse.move(from.x + 60, from.y + 12)
    await page.mouse.down()
    for (const step of [0.2, 0.5, 0.8, 1]) {
      const x = from.x + 60 + (to.x + 40 - from.x) * step
      await page.mouse.move(x, from.y + 12 + (to.y + 90 - from.y) * step, { steps: 5 })
    }
    // The card is under the pointer there before it is let go.
    await list(page, 'Done').locator('.card', { hasText: 'Water the plants' }).waitFor()
    await page.mouse.up()
    await toast(page, 'Moved “Water the plants” to Done.')
    await page.reload()
    await card(page, FIRST).waitFor()
    assert.deepEqual(await titles(page, 'Done'), ['Water the plants'])
  })

  test('the keyboard picks a card up, moves it, puts it down, and each step is said', async () => {
    await card(page, 'Buy bread').getByRole('link').focus()
    await page.keyboard.press('Space')
    await spoken(page, 'Picked up Buy bread')
    await page.keyboard.press('ArrowDown')
    await spoken(page, 'Inbox, position 2 of 2')
    for (const _ of [1, 2, 3]) await page.keyboard.press('ArrowRight')
    await spoken(page, 'Done, position 1 of 2')
    await page.keyboard.press('Space')
    await toast(page, 'Moved “Buy bread” to Done.')
    assert.deepEqual(await titles(page, 'Done'), ['Buy bread', 'Water the plants'])
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Buy bread')
  })

  test('Escape puts a card back where it was', async () => {
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Escape')
    await spoken(page, 'Put back.')
    assert.deepEqual(await titles(page, 'Done'), ['Buy bread', 'Water the plants'])
  })

  test('keys go on with a card that was clicked on, and not only with its link', async () => {
    await card(page, 'Buy bread').focus()
    await page.keyboard.press('Space')
    await spoken(page, 'Picked up Buy bread')
    await page.keyboard.press('Escape')
    await spoken(page, 'Put back.')
  })

  test('the menu moves a card without any dragging, and Undo takes it back', async () => {
    await page.getByRole('button', { name: 'Actions for Buy bread' }).click()
    await page.getByRole('menuitem', { name: 'Move to Review' }).click()
    await toast(page, 'Moved “Buy bread” to Review.')
    assert.deepEqual(await titles(page, 'Review'), ['Buy bread'])
    await page.getByRole('button', { name: 'Undo' }).click()
    await toast(page, 'Undone: Moved “Buy bread” to Review.')
    assert.deepEqual(await titles(page, 'Review'), [])
    assert.deepEqual(await titles(page, 'Done'), ['Buy bread', 'Water the plants'])
  })

  test('a removed card comes back with Undo', async () => {
    await page.getByRole('button', { name: 'Actions for Buy bread' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await card(page, 'Buy bread').waitFor({ state: 'detached' })
    // Undo has the focus, so that a key takes the removal back.
    await page.waitForFunction("document.activeElement.id === 'undo'")
    await page.keyboard.press('Enter')
    await card(page, 'Buy bread').waitFor()
    assert.deepEqual(await titles(page, 'Done'), ['Buy bread', 'Water the plants'])
  })

  test('single-letter keys work, until they are switched off', async () => {
    await card(page, 'Buy bread').getByRole('link').focus()
    await page.keyboard.press('j')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Water the plants')
    await page.getByRole('button', { name: 'View settings' }).click()
    await page.getByLabel('Single-letter keys').uncheck()
    await page.keyboard.press('Escape')
    await card(page, 'Buy bread').getByRole('link').focus()
    await page.keyboard.press('n')
    await page.keyboard.press('j')
    assert.equal(await page.getByRole('dialog', { name: 'New card' }).count(), 0)
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Buy bread')
  })

  test('a filter hides cards where they stand', async () => {
    await page.getByLabel('Filter cards by words').fill('bread')
    await card(page, 'Water the plants').waitFor({ state: 'hidden' })
    assert.equal(await card(page, 'Buy bread').isVisible(), true)
    assert.equal(await page.locator('.list').count(), 4)
    await page.getByRole('button', { name: 'Show all cards' }).click()
    await card(page, 'Water the plants').waitFor()
  })

  test('what one tab changes appears in the other, and not under the hands of a person', async () => {
    const other = await house.openBeside(page, '/')
    await card(other, FIRST).waitFor()
    // The other tab holds a card; meanwhile this one renames another card.
    await card(other, 'Buy bread').getByRole('link').focus()
    await other.keyboard.press('Space')
    await other.keyboard.press('ArrowLeft')
    await card(page, 'Water the plants').getByRole('link').click()
    await page.getByRole('dialog').getByLabel('Title').fill('Water all plants')
    await page.getByRole('button', { name: 'Save card' }).click()
    await card(page, 'Water all plants').waitFor()
    assert.deepEqual(await titles(other, 'Review'), ['Buy bread'])
    await other.keyboard.press('Space')
    await toast(other, 'Moved “Buy bread” to Review.')
    await card(other, 'Water all plants').waitFor()
    await list(page, 'Review').locator('.card', { hasText: 'Buy bread' }).waitFor()
    await other.close()
  })

  test('eight tabs hear of a change: they share one connection', async () => {
    const tabs: Page[] = []
    for (let count = 0; count < 8; count += 1) tabs.push(await house.openBeside(page, '/'))
    await page.getByRole('button', { name: 'Actions for Buy bread' }).click()
    await page.getByRole('menuitem', { name: 'Move to Done' }).click()
    for (const tab of tabs) await list(tab, 'Done').locator('.card', { hasText: 'Buy bread' }).waitFor()
    for (const tab of tabs) await tab.close()
  })

  test('a page outlives a crash of its server: it says so, and hears of changes again', async () => {
    const other = await house.openBeside(page, '/')
    await card(other, 'Buy bread').waitFor()
    await house.kill('threadwell')
    await page.locator('#now-run').getByText('The connection is lost.').waitFor()
    await page.locator('#now-run').getByText('Ready.').waitFor()
    await page.getByRole('button', { name: 'Actions for Buy bread' }).click()
    await page.getByRole('menuitem', { name: 'Move to Review' }).click()
    await list(other, 'Review').locator('.card', { hasText: 'Buy bread' }).waitFor()
    await other.close()
  })

  test('a browser without shared workers hears of changes too', async () => {
    const old = await house.open('/', { withoutSharedWorker: true })
    await list(old, 'Review').locator('.card', { hasText: 'Buy bread' }).waitFor()
    await page.getByRole('button', { name: 'Actions for Buy bread' }).click()
    await page.getByRole('menuitem', { name: 'Move to Done' }).click()
    await list(old, 'Done').locator('.card', { hasText: 'Buy bread' }).waitFor()
    await old.context().close()
  })

  test('an assistant list answers a card with a citation that opens its passage', async () => {
    await page.getByRole('button', { name: `Actions for ${FIRST}` }).click()
    await page.getByRole('menuitem', { name: 'Move to Assistant' }).click()
    const answered = list(page, 'Review').locator('.card', { hasText: FIRST })
    await answered.waitFor()
    await answered.getByRole('link').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Source 1', exact: true }).first().click()
    await dialog.locator('.src.on mark').waitFor()
    assert.match((await dialog.locator('.src.on').textContent()) ?? '', /handbook/)
    await dialog.getByRole('button', { name: 'Not helpful' }).click()
    await dialog.locator('[aria-pressed=true]', { hasText: 'Not helpful' }).waitFor()
    await dialog.getByRole('button', { name: 'Why this answer?' }).click()
    await page.getByRole('heading', { name: 'Who answered' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('heading', { name: 'Who answered' }).waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  test('a list is added, given an assistant that is paused, and removed', async () => {
    await page.getByRole('button', { name: 'New list' }).click()
    await page.getByLabel('Name of the list').fill('Later')
    await page.getByRole('button', { name: 'Add list', exact: true }).click()
    await page.getByRole('button', { name: 'Actions for Later' }).click()
    await page.getByRole('menuitem', { name: 'Assistant' }).click()
    await page.getByLabel('An assistant works on the cards of this list').check()
    await page.getByLabel('Paused: cards wait').check()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await list(page, 'Later').getByText('Paused. Cards wait here.').waitFor()
    await page.getByRole('button', { name: 'Actions for Later' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await list(page, 'Later').waitFor({ state: 'detached' })
  })

  test('nothing was asked of another machine', () => house.assertQuiet())
})

function list(page: Page, title: string) {
  return page.getByRole('region', { name: new RegExp(`^${title} `) })
}

function card(page: Page, title: string) {
  return page.locator('.list .card').filter({ has: page.getByRole('link', { name: title, exact: true }) })
}

async function titles(page: Page, name: string): Promise<string[]> {
  return await list(page, name).locator('.card h3').allInnerTexts()
}

async function toast(page: Page, words: string): Promise<void> {
  await page.locator('#toast').getByText(words).waitFor()
}

async function spoken(page: Page, words: string): Promise<void> {
  await page.locator('#live').getByText(words).waitFor({ state: 'attached' })
}

async function box(locator: ReturnType<typeof card>) {
  const found = await locator.boundingBox()
  assert.ok(found)
  return found
}
