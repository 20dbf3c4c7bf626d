import { mkdir, writeFile } from 'node:fs/promises'
import { packageFolder } from '#kernel/home'
import { printReference } from './index.ts'

// Writes the pages of docs/reference that are made from contracts and error tables: `npm run docs`.
for (const [path, text] of Object.entries(printReference())) {
  await mkdir(packageFolder('docs', 'reference'), { recursive: true })
  await writeFile(packageFolder(path), text)
  process.stdout.write(`${path}\n`)
}
