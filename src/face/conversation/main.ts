import { loadConfig } from '#kernel/config'
import { loadEmbedder } from '#kernel/embedding'
import { assetsFolder, homePaths } from '#kernel/home'
import {
  call,
  listen,
  noteTakenOver,
  onEachArrival,
  runService,
  type Secrets,
  wasTakenOver,
} from '#kernel/service'
import {
  alethiaContract,
  conversationContract,
  inferenceContract,
  snarfContract,
  tietoContract,
} from '#protocol'
import { type MoveLedger, migrateThreads } from './migration/migration.ts'
import { openPersonas } from './personas.ts'
import { createForgetting } from './remembering/forgetting.ts'
import { createConversation } from './service.ts'

await runService(conversationContract, async (context) => {
  const { name, transport, transportTo, secrets, emit, log, signal } = context
  const paths = homePaths()
  const config = await loadConfig(paths.config)
  const alethia = call(alethiaContract, transportTo('alethia'), { name })
  const snarf = call(snarfContract, transport, { name })
  const forgetting = createForgetting(alethia, snarf)
  listen(alethiaContract, transportTo('alethia'), {
    forgotten: ({ turns }) => forgetting.forget(turns).catch(() => log('forgetting is caught up with later')),
  })
  void onEachArrival(transportTo('alethia'), 'alethia', forgetting.catchUp, signal)
  void onEachArrival(transport, 'snarf', forgetting.catchUp, signal)
  let embedder: ReturnType<typeof loadEmbedder> | undefined
  const { handlers, settled } = createConversation({
    personas: openPersonas([paths.personas, assetsFolder('personas')]),
    alethia,
    // When somebody first looks into documents: the table takes 9 MB.
    embedder: () => {
      embedder ??= loadEmbedder().catch((error) => {
        embedder = undefined
        throw error
      })
      return embedder
    },
    tieto: call(tietoContract, transport, { name }),
    snarf,
    inference: call(inferenceContract, transport, { name }),
    contextTokens: config.engine.contextTokens,
    migration: migrateThreads(paths.threads, alethia, { signal, ...ledgerIn(secrets) }),
    announce: (thread) => emit('threadChanged', thread),
  })
  return { handlers, close: settled }
})

/** In the vault. Without coven nothing is moved, and nothing is to be noted. */
function ledgerIn(secrets: Secrets): { readonly ledger?: MoveLedger } {
  if (!secrets.available) return {}
  const note = 'conversation.moved'
  return { ledger: { isDone: () => wasTakenOver(secrets, note), done: () => noteTakenOver(secrets, note) } }
}
