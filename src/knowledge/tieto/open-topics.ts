import { randomUUID } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Embedder } from '#kernel/embedding'
import { syncFolder } from '#kernel/journal'
import { makeFolders } from '#kernel/sys'
import { RunaError, TOPIC_NAME } from '#protocol'
import { rethrowWriteError, systemCodeOf } from './disk.ts'
import { TOPICS_MAX } from './limits.ts'
import { createTopicCache, type OpenTopic } from './topic-cache.ts'
import type { ReplaceFile } from './topic-folder.ts'
import { createTopicTurns } from './topic-turns.ts'

/** The topics of a folder, read into memory when they are asked for. */
export interface OpenTopics {
  /** Sorted. */
  names(): Promise<string[]>
  /** Rejects with TOPIC_UNKNOWN. */
  open(name: string): Promise<OpenTopic>
  /** Runs work that reports as it goes, with nobody else changing this topic; one that is not there yet is made. */
  change<Item>(
    name: string,
    work: (open: OpenTopic) => AsyncGenerator<Item, void>,
  ): AsyncGenerator<Item, void>
  /** Removes the topic, from the disk as well. Rejects with TOPIC_UNKNOWN. */
  remove(name: string): Promise<void>
}

const REMOVED = '.removed-'
/** Rows of removed documents beyond which a topic is read anew. */
const WASTED_MAX = 1_000

export async function openTopics(
  folder: string,
  embedder: Embedder,
  replace?: ReplaceFile,
): Promise<OpenTopics> {
  try {
    makeFolders(folder)
  } catch (error) {
    rethrowWriteError(error)
  }
  await finishRemovals(folder)
  const turns = createTopicTurns()
  const cache = createTopicCache(folder, embedder, turns.isBusy, replace)

  async function open(name: string): Promise<OpenTopic> {
    checkName(name)
    try {
      return await cache.open(name)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
      throw new RunaError('TOPIC_UNKNOWN', `There is no topic ${name}.`, { cause: error })
    }
  }

  async function openForChange(name: string): Promise<OpenTopic> {
    const names = await topicNames(folder)
    if (names.includes(name)) return cache.open(name)
    if (names.length >= TOPICS_MAX)
      throw new RunaError('TOPIC_FULL', `There are ${TOPICS_MAX} topics already.`)
    return cache.openNew(name)
  }

  return {
    open,
    names: () => topicNames(folder),
    async *change(name, work) {
      checkName(name)
      const release = await turns.take(name)
      try {
        const current = await openForChange(name)
        yield* work(current)
        const { wasted, chunks } = current.topic.index
        if (wasted > WASTED_MAX && wasted > chunks) cache.forget(name)
      } finally {
        // A new topic that got no document is not on the disk, and so is not there.
        const names = await topicNames(folder).catch((): string[] => [])
        if (!names.includes(name)) cache.forget(name)
        release()
      }
    },
    async remove(name) {
      const release = await turns.take(name)
      try {
        await open(name)
        // Renamed first: whoever looks finds all of the topic or nothing, also after a crash.
        const aside = join(folder, `${REMOVED}${randomUUID()}`)
        await rename(join(folder, name), aside)
        cache.forget(name)
        await syncFolder(folder)
        await rm(aside, { recursive: true, force: true })
      } finally {
        release()
      }
    },
  }
}

async function topicNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const topics = entries.filter((entry) => entry.isDirectory() && TOPIC_NAME.test(entry.name))
  return topics.map(({ name }) => name).sort()
}

function checkName(name: string): void {
  if (TOPIC_NAME.test(name)) return
  const rule = "a topic's name is 1 to 64 of a-z, 0-9 and -, and begins with a letter or digit"
  throw new RunaError('BAD_INPUT', `topic: ${rule}.`)
}

async function finishRemovals(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(REMOVED)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
