import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { createKey } from '#kernel/seal'
import {
  connect,
  createBirth,
  openRequest,
  type SecretOperation,
  type Secrets,
  sealAnswer,
  serve,
} from '#kernel/service'
import { gilgulContract, type Handlers, RunaError, toErrorPayload } from '#protocol'

export interface StandInGilgul {
  /** Starts the service, as gilgul would: it has its lifeline, and is given its identity. */
  start(main: string, environment: NodeJS.ProcessEnv, stderr: 'pipe' | 'ignore'): ChildProcess
  close(): Promise<void>
}

const TERMS = { version: 1, lease: undefined, leaseMs: null }

/** Gives one service its birth and its secrets, for tests that start it by themselves. */
export async function standInGilgul(
  busPath: string,
  service: string,
  secrets: Secrets,
): Promise<StandInGilgul> {
  const identity = createKey()
  const { transport, close } = await connect(busPath, gilgulContract.name)
  const missing = () => Promise.reject(new RunaError('UNKNOWN_OPERATION'))
  const others = Object.fromEntries(Object.keys(gilgulContract.operations).map((name) => [name, missing]))

  async function answer(operation: SecretOperation, sealed: string) {
    const request = openRequest(identity, service, operation, Buffer.from(sealed, 'base64'))
    const answered = await perform(operation, request).catch((error: unknown) => ({
      error: toErrorPayload(error, '', gilgulContract.operations[operation].errors),
    }))
    return { answer: sealAnswer(identity, service, request.nonce, answered).toString('base64') }
  }

  async function perform(operation: SecretOperation, { name, value }: { name: string; value: Buffer }) {
    if (operation === 'reveal') return { ...TERMS, value: await secrets.reveal(name) }
    await secrets.keep(name, value)
    return { ...TERMS, value: Buffer.alloc(0) }
  }

  const gilgul = serve(
    gilgulContract,
    {
      ...(others as unknown as Handlers<typeof gilgulContract>),
      reveal: ({ request }) => answer('reveal', request),
      keep: ({ request }) => answer('keep', request),
    },
    transport,
  )
  return {
    start(main, env, stderr) {
      const birth = createBirth({ identity, words: new Map() })
      try {
        return spawn(process.execPath, [main], { env, stdio: ['pipe', 'ignore', stderr, 'ignore', birth] })
      } finally {
        closeSync(birth)
      }
    },
    async close() {
      await gilgul.stop()
      close()
    },
  }
}
