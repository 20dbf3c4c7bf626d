import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { packageFolder } from '#kernel/home'

/** Installs what is compared with, where it is not there yet. Whether it is there now. */
export function installPeers(): boolean {
  const installed = packageFolder('bench', 'peers', 'node_modules')
  if (existsSync(installed)) return true
  process.stderr.write('Installing what is compared with, once: `npm run bench:setup`.\n')
  // What npm says must not stand among the figures.
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  spawnSync('npm', ['run', '--silent', 'bench:setup'], { cwd: packageFolder(), stdio: [...stdio] })
  return existsSync(installed)
}
