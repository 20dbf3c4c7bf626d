// A stand-in for gilgul: node coven-worker.js ROLE. It says on stdout what came of it, in one line, and then waits for its
// end. Started by anybody but coven, it ends with status 77.
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { meetCoven } from '#kernel/coven'
import { processStartTicks } from '#kernel/sys'
import { RunaError } from '#protocol'
import { BUS_FD, LINK_FD, takeLaunchKey } from '../../src/kernel/coven/birthplace.ts'
import { createLink } from '../../src/kernel/coven/link.ts'
import { libc } from '../../src/kernel/sys/libc.ts'

const PTRACE_TRACEME = 0
const [role = 'honest'] = process.argv.slice(2)

function say(word: string): void {
  writeSync(1, `${word}\n`)
}

function letParentTrace(): void {
  if (libc('long ptrace(long, int, long, long)')(PTRACE_TRACEME, 0, 0, 0) !== 0) say('not traced')
}

/** One that does not look at itself, and goes on with a link that it should have closed. */
function openCarelessly(tamper: (frame: Buffer) => Buffer[]): void {
  const identity = (pid: number) => ({ pid, startTicks: processStartTicks(pid) ?? 0 })
  const launchKey = takeLaunchKey(BUS_FD)
  const own = identity(process.pid)
  const link = createLink({ role: 'gilgul', launchKey, own, peer: identity(process.ppid) })
  const socket = new Socket({ fd: LINK_FD, readable: true, writable: true })
  socket.write(link.opening)
  socket.on('data', (bytes: Buffer) => {
    const before = link.state()
    socket.write(link.receive(bytes).reply)
    if (before !== 'proving' || link.state() !== 'open') return
    for (const frame of tamper(link.say(Buffer.from('\x02\0\0\0{}')))) socket.write(frame)
  })
  socket.on('close', () => say('closed by coven'))
}

async function behave(): Promise<void> {
  if (role === 'careless') {
    letParentTrace()
    return openCarelessly((frame) => [frame])
  }
  if (role === 'replay') return openCarelessly((frame) => [frame, frame])
  if (role === 'flip') {
    return openCarelessly((frame) => {
      frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1
      return [frame]
    })
  }
  if (role === 'traced') letParentTrace()
  const { coven, session } = await meetCoven({ timeoutMs: 10_000 })
  const { value, output } = await coven.ask('reveal', { name: 'mail', service: 'tieto' })
  const name = role === 'named' ? `process ${process.pid}: ` : ''
  say(`${name}version ${output.version}, ${value.length} bytes`)
  await session.ended
  say('ended')
}

try {
  await behave()
} catch (error) {
  say(error instanceof RunaError ? `${error.code}: ${error.message}` : String(error))
  process.exitCode = 77
}
