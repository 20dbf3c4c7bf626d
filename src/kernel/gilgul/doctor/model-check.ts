import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { readMemoryRoom } from '#kernel/sys'
import { ERRORS, type FailureCause } from '#protocol'
import { decide } from '../admission/decide.ts'
import type { ModelFinding } from '../diagnosis/evidence.ts'
import { findModel } from '../diagnosis/readings.ts'
import { doubtful, type Finding, well, wrong } from './finding.ts'

/** Of what inference keeps of each model: what tells whether it could be loaded. */
const modelsSchema = z.object({
  models: z.array(
    z.object({
      id: z.string(),
      path: z.string(),
      sizeBytes: z.number(),
      contextTokens: z.number(),
      cacheBytesPerToken: z.number(),
    }),
  ),
})
type Stored = z.infer<typeof modelsSchema>['models'][number]

/** An engine and its process, whatever the model. */
const BUFFER_BYTES = 142 * 2 ** 20
const CONTEXT_TOKENS_MIN = 512

const AMISS: Readonly<
  Record<
    Exclude<ModelFinding['state'], 'whole'>,
    { cause: FailureCause; what: string; code: keyof typeof ERRORS }
  >
> = {
  missing: { cause: 'file-missing', what: 'is not there', code: 'MODEL_GONE' },
  forbidden: { cause: 'permission', what: 'may not be read', code: 'FILE_NOT_FOUND' },
  'no-model': { cause: 'model-corrupt', what: 'does not begin as a model does', code: 'MODEL_INVALID' },
  cut: { cause: 'model-corrupt', what: 'has not the size that it had', code: 'MODEL_GONE' },
}

/** `contextTokensMax`: of the settings. */
export function checkModels(folder: string, contextTokensMax: number): Finding[] {
  return readModels(join(folder, 'models.json')).map((model) => checkModel(model, contextTokensMax))
}

function checkModel(model: Stored, contextTokensMax: number): Finding {
  const subject = `model ${model.id}`
  const { state } = findModel(model.path, model.sizeBytes)
  if (state !== 'whole') {
    const { cause, what, code } = AMISS[state]
    return wrong(subject, cause, `${model.path} ${what}.`, ERRORS[code].advice)
  }
  const { verdict, text } = decide({
    name: model.id,
    figures: {
      weightsBytes: model.sizeBytes,
      cacheBytesPerToken: model.cacheBytesPerToken,
      bufferBytes: BUFFER_BYTES,
      contextTokens: Math.min(contextTokensMax, model.contextTokens || contextTokensMax),
      contextTokensMin: CONTEXT_TOKENS_MIN,
    },
    room: readMemoryRoom(),
    peak: undefined,
    neighbours: [],
  })
  return verdict === 'fit' ? well(subject, text) : doubtful(subject, text, ERRORS.MODEL_TOO_LARGE.advice)
}

function readModels(path: string): Stored[] {
  try {
    return modelsSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).models
  } catch {
    return []
  }
}
