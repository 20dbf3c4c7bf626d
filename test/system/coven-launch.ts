import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { type LaunchOptions, prepareLaunch, type Session } from '#kernel/coven'

/** Starts a program where the ancestor would start gilgul. Rejects where coven refuses it, and then it was ended. */
export async function launchAsGilgul(
  [command = '', ...rest]: readonly string[],
  output: number,
  options: LaunchOptions,
): Promise<{ readonly child: ChildProcess; readonly session: Session }> {
  const launch = prepareLaunch(options)
  // Where gilgul has the lock of the home.
  const lock = openSync('/dev/null', 'r')
  const child = spawn(command, rest, {
    stdio: ['ignore', output, output, lock, ...launch.descriptors],
    env: {},
  })
  child.on('error', () => {})
  try {
    return { child, session: await launch.attend(child.pid) }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}
