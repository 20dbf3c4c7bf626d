// The process of a model whose first life beats, and makes no token.
import { runService } from '#kernel/service'
import { modelContract } from '#protocol'

const isStuck = process.env['RUNA_SERVICE_BIRTH'] === '1'

await runService(modelContract, ({ log }) => ({
  handlers: {
    async *complete() {},
    embed: async () => ({ vectors: [], tokens: 0 }),
    async prove() {
      if (isStuck) await new Promise(() => {})
      log('proved', {})
      return {}
    },
  },
}))
