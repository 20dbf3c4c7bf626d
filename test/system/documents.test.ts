import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '#kernel/home'

const FOLDERS = ['docs', 'src', 'assets', 'bench', 'examples', 'test']

async function findPages(): Promise<string[]> {
  const top = await readdir(packageFolder())
  const below = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = await readdir(packageFolder(folder), { recursive: true }).catch(() => [])
      return names.map((name) => join(folder, name))
    }),
  )
  const names = [...top, ...below.flat()].filter((name) => name.endsWith('.md'))
  return names.filter((name) => !name.includes('node_modules')).map((name) => packageFolder(name))
}

/** Links and pictures to files of the repository, without those that stand in code. */
function linksIn(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => link.replace(/#.*$/, ''))
}

test('every page that a page links to exists', async () => {
  const pages = await findPages()
  const broken: string[] = []
  let links = 0
  for (const page of pages) {
    for (const link of linksIn(await readFile(page, 'utf8'))) {
      links += 1
      if (link !== '' && !existsSync(join(dirname(page), link))) {
        broken.push(`${relative(packageFolder(), page)}: ${link}`)
      }
    }
  }
  assert.ok(pages.length > 20 && links > 20, 'there is something to look at')
  assert.deepEqual(broken, [])
})

test('a broken link is found', () => {
  const text = 'See [this](no/such.md#part), `[not](this)`, [that](https://example.org).'
  assert.deepEqual(linksIn(text), ['no/such.md'])
})
