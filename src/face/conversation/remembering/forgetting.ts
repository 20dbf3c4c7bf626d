import { type alethiaContract, type Client, type snarfContract, TURNS_NAMED_MAX } from '#protocol'

export interface Forgetting {
  forget(turns: readonly string[]): Promise<void>
  /** For what was forgotten while one of them, or nobody here, was there. Rejects where one of them is missing. */
  catchUp(): Promise<void>
}

/**
 * Tells snarf what the memory has forgotten. snarf does not hear alethia itself: on their bus are all words that were
 * ever said, and the manner of speaking needs none of them.
 */
export function createForgetting(
  alethia: Pick<Client<typeof alethiaContract>, 'forgottenAmong'>,
  snarf: Pick<Client<typeof snarfContract>, 'forget' | 'turns'>,
): Forgetting {
  async function forget(turns: readonly string[]): Promise<void> {
    await snarf.forget({ turns: [...turns] })
  }

  return {
    forget,
    async catchUp() {
      const { turns } = await snarf.turns({})
      for (let start = 0; start < turns.length; start += TURNS_NAMED_MAX) {
        const some = turns.slice(start, start + TURNS_NAMED_MAX)
        const forgotten = await alethia.forgottenAmong({ turns: some })
        if (forgotten.turns.length > 0) await forget(forgotten.turns)
      }
    },
  }
}
