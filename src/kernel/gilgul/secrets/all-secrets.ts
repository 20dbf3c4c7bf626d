import type { CovenClient } from '#kernel/coven'
import type { SecretSummary } from '#protocol'

/** Every secret that coven has, without its value, in the order of names. Rejects with what coven rejects with. */
export async function allSecrets(coven: Pick<CovenClient, 'ask'>): Promise<SecretSummary[]> {
  const all: SecretSummary[] = []
  for (;;) {
    const { secrets, isEnd } = (await coven.ask('list', { after: all.at(-1)?.name })).output
    all.push(...secrets)
    if (isEnd || secrets.length === 0) return all
  }
}
