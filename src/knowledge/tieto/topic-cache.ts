import { join } from 'node:path'
import type { Embedder } from '#kernel/embedding'
import { CHUNKS_OPEN_MAX, TOPICS_OPEN_MAX } from './limits.ts'
import { type Calibration, createCalibration } from './no-match.ts'
import { openTopic, type Topic } from './topic.ts'
import { createTopicFolder, type ReplaceFile } from './topic-folder.ts'

export interface OpenTopic {
  readonly topic: Topic
  readonly calibration: Calibration
}

/** Topics that were read from the disk, the ones used last. */
export interface TopicCache {
  /** Reads the topic if need be. Rejects with the system's ENOENT if it is not on the disk. */
  open(name: string): Promise<OpenTopic>
  /** A topic that is not on the disk yet, and will be with its first document. */
  openNew(name: string): Promise<OpenTopic>
  forget(name: string): void
}

/** `isBusy` topics are kept: they are being changed, and there must not be a second one beside them. */
export function createTopicCache(
  folder: string,
  embedder: Embedder,
  isBusy: (name: string) => boolean,
  replace?: ReplaceFile,
): TopicCache {
  /** The one used longest ago comes first. */
  const opened = new Map<string, Promise<OpenTopic>>()
  const chunksOf = new Map<string, () => number>()

  async function read(name: string, isNew: boolean): Promise<OpenTopic> {
    const files = createTopicFolder(join(folder, name), replace)
    const topic = await openTopic(name, isNew ? { ...files, async *read() {} } : files, embedder)
    return { topic, calibration: createCalibration(topic.index, embedder) }
  }

  function forget(name: string): void {
    opened.delete(name)
    chunksOf.delete(name)
  }

  function makeRoom(newest: string): void {
    let chunks = [...chunksOf.values()].reduce((sum, count) => sum + count(), 0)
    for (const name of [...opened.keys()]) {
      if (opened.size <= TOPICS_OPEN_MAX && chunks <= CHUNKS_OPEN_MAX) return
      if (name === newest || isBusy(name)) continue
      chunks -= chunksOf.get(name)?.() ?? 0
      forget(name)
    }
  }

  async function keep(name: string, opening: Promise<OpenTopic>): Promise<OpenTopic> {
    opened.delete(name)
    opened.set(name, opening)
    try {
      const open = await opening
      if (opened.get(name) === opening) chunksOf.set(name, () => open.topic.index.chunks)
      makeRoom(name)
      return open
    } catch (error) {
      if (opened.get(name) === opening) forget(name)
      throw error
    }
  }

  return {
    open: (name) => keep(name, opened.get(name) ?? read(name, false)),
    openNew: (name) => keep(name, read(name, true)),
    forget,
  }
}
