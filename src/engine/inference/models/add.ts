import { rm } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { RunaError } from '#protocol'
import { describeGguf, type GgufFacts } from '../gguf/describe.ts'
import { copyModel, digestFile, fileState } from './file.ts'
import type { Registry, StoredModel } from './registry.ts'

export interface AddOptions {
  readonly registry: Registry
  /** Where copies lie. */
  readonly folder: string
  /** Loads the model once, in a process of its own. Rejects with MODEL_INVALID or MODEL_TOO_LARGE. */
  readonly tryOut: (path: string, facts: GgufFacts, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

export interface AddRequest {
  readonly path: string
  readonly id: string
  readonly copy: boolean
}

/**
 * Adds a model by its file. Nothing of the engine sees the file before its header was read and found sound, and
 * nothing is remembered before the engine has loaded it once.
 */
export async function addModel(
  { path, id, copy }: AddRequest,
  { registry, folder, tryOut, signal }: AddOptions,
): Promise<StoredModel> {
  if (!isAbsolute(path)) throw new RunaError('BAD_INPUT', `path: must be absolute, and is '${path}'`)
  const facts = await describeGguf(path)
  const kept = copy ? await copyModel(path, folder, id) : path
  try {
    const before = await fileState(kept)
    if (!before) throw new RunaError('FILE_NOT_FOUND', `${kept} has gone.`)
    await tryOut(kept, facts, signal)
    const model = {
      ...facts,
      ...before,
      id,
      path: kept,
      isCopy: copy,
      digest: await digestFile(kept, signal),
    }
    await registry.add(model)
    return model
  } catch (error) {
    if (copy) await rm(kept, { force: true })
    throw error
  }
}
