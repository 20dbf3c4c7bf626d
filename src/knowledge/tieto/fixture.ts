import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { IngestItem } from '#protocol'
import { type IngestSource, Tieto, type TietoOptions } from './tieto.ts'

/** A folder of its own for one test, with files to ingest and topics to ingest them into. */
export interface Workplace {
  readonly folder: string
  readonly topics: string
  open(options?: TietoOptions): Promise<Tieto>
  /** Writes files below the folder and gives the path of the first folder among them. */
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<string>
  clear(): Promise<void>
}

export async function createWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-tieto-'))
  const topics = join(folder, 'topics')
  return {
    folder,
    topics,
    open: (options) => Tieto.open(topics, options),
    async write(files) {
      for (const [name, content] of Object.entries(files)) {
        const path = join(folder, name)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, content)
      }
      return join(folder, Object.keys(files)[0]?.split('/')[0] ?? '')
    },
    clear: () => rm(folder, { recursive: true, force: true }),
  }
}

export async function ingestAll(tieto: Tieto, topic: string, input: IngestSource): Promise<IngestItem[]> {
  const items: IngestItem[] = []
  for await (const item of tieto.ingest(topic, input)) items.push(item)
  return items
}

export function itemsOf<Kind extends IngestItem['kind']>(items: readonly IngestItem[], kind: Kind) {
  return items.filter((item): item is Extract<IngestItem, { kind: Kind }> => item.kind === kind)
}

export function endOf(items: readonly IngestItem[]) {
  return itemsOf(items, 'end')[0]
}

/** Three small documents of three kinds. */
export const SEA = {
  'docs/whales.md':
    '---\ntitle: Whales\nyear: 1851\ntags: [sea]\n---\n# Whales\n\nThe white whale swam before the ship.\n',
  'docs/deep/ships.md': '---\nyear: 1900\n---\n# Ships\n\nA ship needs a keel, a mast and a rudder.\n',
  'docs/bread.txt': '\uFEFFBread is made from flour,\r\nwater and yeast. Größe zählt.\r\n',
}
