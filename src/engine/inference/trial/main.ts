import { createOpenGuard } from '../guard.ts'
import { createLlamaEngine } from '../llama/engine.ts'
import { readSettings } from '../local/settings.ts'

// Loads a model once and lets it say or embed a little. The last line on stderr tells why it could not.
process.stdin.once('end', () => process.exit(1)).resume()
try {
  const settings = readSettings()
  const engine = createLlamaEngine({ settings, guard: createOpenGuard(), checksWeights: true })
  await engine.load()
  const { signal } = new AbortController()
  if (settings.purpose === 'embedding') {
    const { vectors } = await engine.embed(['a'], signal)
    if (!vectors[0]?.some((value) => value !== 0)) throw new Error('it makes empty vectors')
  } else {
    const request = {
      passages: [],
      sampling: { tokensMax: 1 },
      messages: [{ role: 'user' as const, content: 'a' }],
    }
    for await (const _ of engine.complete(request, signal));
  }
  await engine.unload()
  process.exit(0)
} catch (error) {
  process.stderr.write(`\n${(error as Error).message.replaceAll('\n', ' ')}\n`)
  process.exit(1)
}
