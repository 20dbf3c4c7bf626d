import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type IngestItem, Tieto } from '#knowledge/tieto'
import type { TortureOptions, TortureRow } from './row.ts'

const WORKER = fileURLToPath(new URL('tieto-worker.js', import.meta.url))
const DOCUMENTS = 60
const WORDS = 400
const LIFE_MS_MAX = 200

/** Kills who ingests at random moments; looks at what it had reported, and in the end at the whole. */
export async function tortureTieto({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const planted = await runStorm('planted: reported too early', 'hasty', {
    faults: Math.max(15, Math.ceil(faults / 10)),
    random,
  })
  return [await runStorm('ingest', 'honest', { faults, random }), { ...planted, found: planted.lost > 0 }]
}

async function runStorm(name: string, role: string, { faults, random }: TortureOptions): Promise<TortureRow> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-torture-'))
  const counts = { lost: 0, torn: 0, wedged: 0, doubled: 0, different: 0, acknowledged: 0 }
  try {
    const documents = join(folder, 'documents')
    await writeDocuments(documents, random, 0)
    for (let fault = 0; fault < faults; fault += 1) {
      // Some documents change between lives, so that files are replaced as well as made.
      if (fault % 5 === 4) await writeDocuments(documents, random, fault)
      const reported = await liveAndDie(join(folder, 'topics'), documents, role, random() * LIFE_MS_MAX)
      counts.acknowledged += reported.length
      const found = await lookAt(join(folder, 'topics')).catch(() => undefined)
      if (!found) {
        counts.wedged += 1
        continue
      }
      counts.lost += reported.filter((document) => !found.documents.includes(document)).length
      counts.torn += found.damaged
      counts.doubled += found.documents.length - new Set(found.documents).size
    }
    if (role === 'honest') counts.different += await compareWithUndisturbed(folder, documents)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { case: name, faults, ...counts }
}

async function writeDocuments(folder: string, random: () => number, version: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (let number = 0; number < DOCUMENTS; number += 1) {
    if (version > 0 && random() < 0.7) continue
    const words = Array.from({ length: WORDS }, () => Math.floor(random() * 5_000).toString(36))
    await writeFile(
      join(folder, `${number}.md`),
      `---\nversion: ${version}\n---\n# ${number}\n\n${words.join(' ')}\n`,
    )
  }
}

/** What a process reported before it was killed, or came to its end. */
async function liveAndDie(
  topics: string,
  documents: string,
  role: string,
  lifeMs: number,
): Promise<string[]> {
  const child: ChildProcess = fork(WORKER, [topics, documents, role], { stdio: 'inherit' })
  const reported: string[] = []
  const begun = new Promise<void>((resolve) => {
    child.on('message', (message) => (message === 'begun' ? resolve() : reported.push(String(message))))
  })
  const ended = once(child, 'close')
  await Promise.race([begun, ended])
  await Promise.race([sleep(lifeMs), ended])
  child.kill('SIGKILL')
  await ended
  return reported
}

async function lookAt(topics: string): Promise<{ documents: string[]; damaged: number }> {
  const tieto = await Tieto.open(topics)
  const [topic] = await tieto.topics()
  if (!topic) return { documents: [], damaged: 0 }
  const documents = await tieto.documents(topic.name)
  return { documents: documents.map(({ document }) => document), damaged: topic.damaged.length }
}

/** How many results differ between the topic that was interrupted, once completed, and one that never was. */
async function compareWithUndisturbed(folder: string, documents: string): Promise<number> {
  const [interrupted, undisturbed] = await Promise.all(
    ['topics', 'undisturbed'].map((name) => Tieto.open(join(folder, name))),
  )
  if (!interrupted || !undisturbed) return 1
  let different = 0
  for (const tieto of [interrupted, undisturbed]) await drain(tieto.ingest('storm', documents))
  for (const query of ['1a 2b 3c', 'zz 77', 'a word that is nowhere']) {
    const [left, right] = await Promise.all([interrupted, undisturbed].map((tieto) => find(tieto, query)))
    if (left !== right) different += 1
  }
  const files = await Promise.all(
    ['topics', 'undisturbed'].map((name) => readdir(join(folder, name, 'storm'))),
  )
  if (files[0]?.sort().join() !== files[1]?.sort().join()) different += 1
  return different
}

/** The order of equals depends on when they came, so results are compared as sets. */
async function find(tieto: Tieto, query: string): Promise<string> {
  const { passages } = await tieto.search('storm', query, { passagesMax: 100, mode: 'bm25' })
  const places = passages.map(
    ({ document, start, end, bm25 }) => `${document} ${start} ${end} ${bm25.toFixed(4)}`,
  )
  return places.sort().join('\n')
}

async function drain(items: AsyncGenerator<IngestItem, void>): Promise<void> {
  for (let step = await items.next(); !step.done; ) step = await items.next()
}
