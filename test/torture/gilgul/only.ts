import { appendFileSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { homePaths } from '#kernel/home'
import { lockByte } from '#kernel/sys'

/** Says in a file when there is another process of that name. */
export function becomeOnly(name: string): void {
  const { run } = homePaths()
  if (!lockByte(openSync(join(run, `${name}.only`), 'a+', 0o600), 0)) {
    appendFileSync(join(run, 'doubled'), `${name} ${process.pid}\n`)
  }
}
