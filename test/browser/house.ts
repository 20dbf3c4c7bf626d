import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { createTestRuna, kill } from '../system/test-runa.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const BROWSER = process.env['RUNA_CHROMIUM'] ?? BROWSERS.find((path) => existsSync(path))

/** For tests that need a browser: why they are skipped, or false. */
export const skip = BROWSER === undefined && 'there is no Chromium (Debian: apt-get install chromium)'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--no-first-run',
  // Also what would slip past the list of requests finds nobody.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

interface TabOptions {
  readonly width?: number
  readonly height?: number
  readonly theme?: 'light' | 'dark'
  readonly withoutSharedWorker?: boolean
}

/** A whole Runa in a home of its own, and a browser that is logged in. */
export interface House {
  readonly url: string
  /** A tab of a browser of its own, with a login of its own. */
  open(path: string, options?: TabOptions): Promise<Page>
  /** Another tab of the same browser. */
  openBeside(page: Page, path: string): Promise<Page>
  /** Ends a service as a crash would; the supervisor brings it back. */
  kill(service: string): Promise<void>
  /** Asserts that no tab asked for anything beyond this machine, and that no page had a fault or broke its policy. */
  assertQuiet(allowed?: RegExp): void
  close(): Promise<void>
}

export async function openHouse(): Promise<House> {
  const runa = createTestRuna()
  const { address: loginUrl, process: parent } = await runa.start()
  const browser = await chromium.launch({ executablePath: BROWSER ?? '', args: ARGUMENTS })
  const asked: string[] = []
  const faults: string[] = []
  const { origin } = new URL(loginUrl)

  async function watched(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) faults.push(message.text())
    })
    return page
  }

  return {
    url: origin,
    async open(path, { width = 1440, height = 900, theme = 'light', withoutSharedWorker = false } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme })
      if (withoutSharedWorker) await context.addInitScript('delete globalThis.SharedWorker')
      context.on('request', (request) => asked.push(request.url()))
      const page = await watched(context)
      await page.goto(loginUrl)
      await page.goto(origin + path)
      return page
    },
    async openBeside(page, path) {
      const beside = await watched(page.context())
      await beside.goto(origin + path)
      return beside
    },
    async kill(service) {
      const { pid } = await runa.status(service)
      assert.ok(pid)
      kill(pid)
    },
    assertQuiet(allowed) {
      assert.ok(asked.length > 0, 'the browser asked for something at all')
      const beyond = asked.filter((url) => !url.startsWith(origin) && !/^(data|blob|about):/.test(url))
      assert.deepEqual(beyond, [])
      assert.deepEqual(
        faults.filter((fault) => !allowed?.test(fault)),
        [],
      )
    },
    async close() {
      await browser.close()
      const ended = once(parent, 'exit')
      parent.kill('SIGTERM')
      await ended
      await runa.remove()
    },
  }
}
