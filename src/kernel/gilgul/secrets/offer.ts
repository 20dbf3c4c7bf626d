import { wipe } from '#kernel/seal'
import { type LeasedSecret, type Service, serve, type Transport } from '#kernel/service'
import { secretsContract } from '#protocol'

/** A program that asks waits for its answer and for nothing else: beats are there for who likes them. */
const BEAT_MS = 60_000

/** Answers the program at the other end, which somebody has made sure who it is. */
export function offerSecrets(
  lease: (name: string) => Promise<LeasedSecret>,
  program: Transport,
): Service<typeof secretsContract> {
  const handlers = {
    async reveal({ name }: { readonly name: string }) {
      const { value, version, lease: id, leaseMs } = await lease(name)
      const answer = {
        version,
        leaseMs,
        value: value.toString('base64'),
        ...(id === undefined ? {} : { lease: id }),
      }
      wipe(value)
      return answer
    },
  }
  return serve(secretsContract, handlers, program, { heartbeatMs: BEAT_MS })
}
