import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type House, openHouse, skip } from './house.ts'

const TREES = '# Trees\n\nAn oak may grow forty metres tall. A birch likes light soil.\n'
const HOSTILE =
  '---\ntitle: "<img src=x onerror=globalThis.strangerWasHere=1>"\n---\n# Odd\n\nA kiwi is a bird.\n'

describe('knowledge', { skip }, () => {
  let house: House
  let page: Page

  before(async () => {
    house = await openHouse()
    page = await house.open('/status')
  })
  after(async () => {
    await house?.close()
  })

  test('files dropped on any page are read into a topic, and each says what became of it', async () => {
    await dropFiles(page, { 'trees.md': TREES, 'odd.md': HOSTILE, 'empty.md': '' })
    const dialog = page.getByRole('dialog', { name: 'Add 3 documents' })
    await dialog.getByLabel('Name of the new topic').fill('My Garden')
    await dialog.getByRole('button', { name: 'Add to this topic' }).click()
    await dialog.getByRole('link', { name: 'Open this topic' }).waitFor()
    const states = await dialog.locator('.uploads .pill').allTextContents()
    assert.deepEqual(states.slice(0, 2), ['Ready', 'Ready'])
    assert.notEqual(states[2], 'Ready')
    assert.ok(
      ((await dialog.locator('.uploads .file').last().textContent()) ?? '').length >
        'empty.mdNot read'.length,
    )
    await dialog.getByRole('link', { name: 'Open this topic' }).click()
    await page.waitForURL('**/knowledge?topic=my-garden')
    await page.getByRole('rowheader', { name: 'trees.md' }).waitFor()
  })

  test('a search shows passages with the words marked, and opens one in its document', async () => {
    await page.getByLabel('Search words').fill('how tall does an oak grow')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    const hit = page.locator('.hit').first()
    await hit.waitFor()
    assert.deepEqual(await hit.locator('mark').allTextContents(), ['oak', 'grow', 'tall'])
    await hit.getByRole('button', { name: /^Open the passage/ }).click()
    await page.getByRole('dialog').locator('mark').getByText('forty metres').waitFor()
    await page.keyboard.press('Escape')
  })

  test('a hostile title is text', async () => {
    await page.getByRole('rowheader', { name: '<img src=x' }).waitFor()
    assert.equal(await page.evaluate('globalThis.strangerWasHere ?? null'), null)
  })

  test('a document is removed after a preview, and the topic after another', async () => {
    await page.getByRole('button', { name: /^Remove trees|^Remove .*trees.md/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove this document' }).click()
    await page.getByRole('rowheader', { name: 'trees.md' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Remove this topic' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('odd.md').waitFor()
    await dialog.getByRole('button', { name: 'Remove this topic' }).click()
    await page.getByRole('link', { name: 'my-garden' }).waitFor({ state: 'detached' })
  })

  test('a model that is no model is refused with a reason, and nothing changes', async () => {
    await page.goto(`${house.url}/models`)
    await page.getByLabel('Path of the file on this computer').fill('/nowhere/no model.gguf')
    await page.getByText("npx runa models add '/nowhere/no model.gguf'").waitFor()
    await page.getByRole('button', { name: 'Add model' }).click()
    await page.locator('#add-note .note.st-fail').waitFor()
    await page.getByText('None installed').waitFor()
  })

  test('the status page shows every service', async () => {
    await page.goto(`${house.url}/status`)
    for (const name of ['gilgul', 'tieto', 'inference', 'alethia', 'snarf', 'conversation', 'threadwell']) {
      await page.getByRole('row', { name: new RegExp(`^${name}.*Running`) }).waitFor()
    }
    await page.locator('#ledger .zero').getByText('0', { exact: true }).waitFor()
  })

  test('nothing was asked of another machine', () => house.assertQuiet())
})

/** Drops files onto the page as a file manager would. */
async function dropFiles(page: Page, files: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate(`(() => {
    const transfer = new DataTransfer()
    for (const [name, text] of Object.entries(${JSON.stringify(files)})) {
      transfer.items.add(new File([text], name, { type: 'text/markdown' }))
    }
    for (const type of ['dragover', 'drop']) {
      const event = new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true })
      document.body.dispatchEvent(event)
    }
  })()`)
}
