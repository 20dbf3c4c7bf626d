import { openSync } from 'node:fs'
import * as z from 'zod'
import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { type Contract, inferenceContract, tietoContract } from '#protocol'
import { WORLD_FD } from '../keeping/launch.ts'
import { offerSecrets } from '../secrets/offer.ts'
import { forwardCalls, forwardEvents } from './forward.ts'
import { awaitHeartbeat } from './heartbeat.ts'
import { startProgram } from './program.ts'

/** What a program over a pipe can serve: it answers, and calls nobody. */
const CONTRACTS: readonly Contract[] = [inferenceContract, tietoContract]

const settingsSchema = z.object({
  command: z.array(z.string()).min(1),
  /** Of the program alone, where it is kept apart. */
  environment: z.record(z.string(), z.string()).default({}),
})

// The program is no service of gilgul's own: it does not pass for the process of one.
const { RUNA_SETTINGS: settings = '', RUNA_BUS: _, RUNA_SERVICE_BIRTH: __, ...inherited } = process.env
const { command, environment: own } = settingsSchema.parse(JSON.parse(settings))
const environment = { ...inherited, ...own }
const contract = CONTRACTS.find(({ name }) => name === process.env['RUNA_SERVICE'])
if (!contract)
  throw new Error(`There is no contract that a program could serve as ${process.env['RUNA_SERVICE']}.`)

/** The service is what its program is: gilgul starts both again. */
function die(sentence: string, status = 1): never {
  if (sentence !== '') process.stderr.write(`${sentence}\n`)
  process.exit(status)
}

// Opened anew, since who shares an open file could free its lock.
const heldFd = openSync(`/proc/self/fd/${WORLD_FD}`, 'r')

await runService(contract, async ({ emit, log, secrets, signal }) => {
  const program = startProgram(command, { folder: homePaths().home, environment, heldFd })
  const offer = offerSecrets(secrets.lease, program.transport)
  secrets.onLeaseEnd((ended) => offer.emit('leaseEnded', ended))
  // Whichever way this process ends, but by force: then its program sees its input end.
  process.once('exit', program.kill)
  const aborted = new Promise<never>((_, reject) => {
    const give = () => reject(signal.reason)
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
  })
  aborted.catch(() => {})
  const failed = program.ended.then(({ sentence, status }) => {
    log('program-ended', { status })
    if (!signal.aborted) die(sentence, status)
  })
  const onSilence = () => die('Its program had fallen silent for 10 s.')
  await Promise.race([awaitHeartbeat(contract, program.transport, { onSilence }), aborted, failed])
  forwardEvents(contract, program.transport, emit)
  return { handlers: forwardCalls(contract, program.transport), close: program.stop }
})
