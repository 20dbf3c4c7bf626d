import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package: the first one upwards that holds a package.json. */
const root = findRoot(dirname(fileURLToPath(import.meta.url)))

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) return folder
  return findRoot(dirname(folder))
}

export function packageFolder(...path: string[]): string {
  return join(root, ...path)
}

/** A program of Runa as it is run: in few files, which Node reads in half the time. */
export function programPath(...path: string[]): string {
  return join(root, 'dist/programs', ...path)
}

/** What ships with Runa: personas, policies, the embedding model, the handbook. */
export function assetsFolder(...path: string[]): string {
  return join(root, 'assets', ...path)
}

/** Test data that lies beside a checkout, never in it: RUNA_SHARED, or `../shared`. Undefined where it is missing. */
export function sharedFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const folder = environment['RUNA_SHARED'] ?? join(root, '..', 'shared')
  return existsSync(folder) ? folder : undefined
}
