import type { ErrorCode, FailureCause } from '#protocol'
import type { Examined } from '../diagnosis/examiner.ts'
import { type Identity, identify } from '../identity.ts'

/** Why a service ended, as far as it can be told, and what could be done about it. */
export interface Ending {
  readonly sentence: string
  readonly advice: string
  /** Undefined where the service did not say. */
  readonly code: ErrorCode | undefined
  readonly cause: FailureCause
  /** Files that it may have failed for: one of them has to change before another try makes sense. */
  readonly paths: readonly string[]
  /** Of an earlier Runa, and in the way. */
  readonly orphan: Identity | undefined
  /** The system did not start it at all. */
  readonly wasRefused?: boolean
  /** Where it found no room. */
  readonly folders: readonly string[]
}

/** Of causes that lie in a file: that one, or the settings of all. */
const IN_A_FILE: Readonly<Partial<Record<FailureCause, boolean>>> = {
  'file-missing': true,
  'model-corrupt': true,
  'data-corrupt': true,
  permission: true,
  'bad-configuration': true,
}

/** `configPath`: of runa.yaml. `program`: what was started. */
export function endingOf(
  { cause, because, advice, words, evidence }: Examined,
  { configPath, program }: { readonly configPath: string; readonly program: string },
): Ending {
  const { file, model, exit, port, disks } = evidence
  const named = [file?.path, model?.path, ...(exit.error ? [program] : [])]
  const settings = cause === 'bad-configuration' ? [configPath] : []
  const holder = port?.holder
  return {
    ...{ sentence: because, advice, code: words.code, cause },
    paths: IN_A_FILE[cause] ? [...settings, ...named.filter((path) => path !== undefined)] : [],
    orphan: holder?.isOrphan ? identify(holder.pid) : undefined,
    wasRefused: exit.error !== undefined,
    folders: disks.map(({ folder }) => folder),
  }
}
