// A program behind a bridge that beats, and heeds neither the end of its input nor a wish to end.
import { setInterval } from 'node:timers'
import { createEnvelope, EVERYBODY, PROTOCOL_VERSION, plainEnvelope } from '#protocol'
import { becomeOnly } from './only.ts'

const [from = ''] = process.argv.slice(2)
becomeOnly(from)
process.on('SIGTERM', () => {})

function beat(): void {
  const payload = { version: PROTOCOL_VERSION, contractVersion: 1, running: 0 }
  const envelope = createEnvelope({ from, to: EVERYBODY, type: 'heartbeat', payload })
  process.stdout.write(`${JSON.stringify(plainEnvelope(envelope))}\n`)
}

beat()
setInterval(beat, 1_000)
