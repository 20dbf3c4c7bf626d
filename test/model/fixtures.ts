import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { sharedFolder } from '#kernel/home'
import { writeGguf } from './gguf.ts'
import type { Recipe } from './random-models.ts'

/** A folder that goes when the tests of this file are done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-model-'))
  after(() => rm(folder, { recursive: true }))
  return folder
}

export async function writeModel(path: string, { entries, tensors, valuesOf }: Recipe): Promise<string> {
  await writeGguf(path, entries, tensors, valuesOf)
  return path
}

/** A real model with 260 thousand parameters that tells stories, where it lies beside the checkout. */
export const storyModel = () => sharedModel('stories260K-f32.gguf')

/** The word vectors that Runa ships, as a model for the engine. */
export const vectorModel = () => sharedModel('runa-embed/runa-embed-192-q8.gguf')

function sharedModel(name: string): string | undefined {
  const path = join(sharedFolder() ?? '', 'models', name)
  return existsSync(path) ? path : undefined
}

export const NO_STORY_MODEL = 'shared/models/stories260K-f32.gguf is not there'
