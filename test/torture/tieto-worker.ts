// Ingests a folder and reports each stored document; `hasty` reports before the document is on the disk.
import { setTimeout as sleep } from 'node:timers/promises'
import { replaceFile } from '#kernel/journal'
import { Tieto } from '#knowledge/tieto'

const [topics = '', documents = '', role = ''] = process.argv.slice(2)

const hasty = async (path: string, content: Uint8Array | string) => {
  void sleep(40).then(() => replaceFile(path, content))
}

const tieto = await Tieto.open(topics, role === 'hasty' ? { replaceFile: hasty } : {})
process.send?.('begun')
for await (const item of tieto.ingest('storm', documents)) {
  if (item.kind === 'stored') process.send?.(item.document)
}
// Only what was killed shall end this; what was reported has to have arrived first.
if (process.connected) process.disconnect()
