import { writeFile } from 'node:fs/promises'
import { packageFolder } from '#kernel/home'
import { makeFolders } from '#kernel/sys'
import { printReference } from './index.ts'

// Writes the pages of docs/reference that are made from contracts and error tables: `npm run docs`.
for (const [path, text] of Object.entries(printReference())) {
  makeFolders(packageFolder('docs', 'reference'), 0o755)
  await writeFile(packageFolder(path), text)
  process.stdout.write(`${path}\n`)
}
