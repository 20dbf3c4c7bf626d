import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Starts a worker and kills it `lifeMs` after its first word, which has to be `ready`. Returns the whole lines that it
 * said after that; undefined where it never got to work, or died by itself.
 */
export async function liveAndDie(
  workerArguments: readonly string[],
  lifeMs: number,
): Promise<string[] | undefined> {
  const worker = spawn(process.execPath, workerArguments, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(worker, 'close')
  let said = ''
  worker.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await Promise.race([once(worker.stdout, 'data'), closed])
  await sleep(lifeMs)
  const diedByItself = worker.exitCode !== null
  worker.kill('SIGKILL')
  await closed
  const [ready, ...acknowledged] = said.split('\n').slice(0, -1)
  return ready === 'ready' && !diedByItself ? acknowledged : undefined
}
