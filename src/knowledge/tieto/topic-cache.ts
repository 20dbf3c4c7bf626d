import { join } from 'node:path'
import type { Embedder } from '#kernel/embedding'
import { TOPICS_OPEN_MAX } from './limits.ts'
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
  const opened = new Map<string, Promise<OpenTopic>>()

  async function read(name: string, isNew: boolean): Promise<OpenTopic> {
    const files = createTopicFolder(join(folder, name), replace)
    const topic = await openTopic(name, isNew ? { ...files, async *read() {} } : files, embedder)
    return { topic, calibration: createCalibration(topic.index, embedder) }
  }

  function keep(name: string, topic: Promise<OpenTopic>): Promise<OpenTopic> {
    // Put back at the end, so that the first in the map is the one used longest ago.
    opened.delete(name)
    opened.set(name, topic)
    topic.catch(() => {
      if (opened.get(name) === topic) opened.delete(name)
    })
    for (const other of [...opened.keys()].slice(0, -TOPICS_OPEN_MAX))
      if (!isBusy(other)) opened.delete(other)
    return topic
  }

  return {
    open: (name) => keep(name, opened.get(name) ?? read(name, false)),
    openNew: (name) => keep(name, read(name, true)),
    forget: (name) => opened.delete(name),
  }
}
