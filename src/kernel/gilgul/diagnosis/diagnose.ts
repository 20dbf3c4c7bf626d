import { constants } from 'node:os'
import type { ErrorCode, FailureCause } from '#protocol'
import { type Diagnosis, type Evidence, ROOM_BYTES_MIN } from './evidence.ts'

/** What one rule finds; undefined where it does not speak of this death. */
type Rule = (evidence: Evidence) => Finding | undefined
interface Finding {
  readonly cause: FailureCause
  readonly because: string
  readonly advice?: string
}

/**
 * Names why a process ended. It only judges: who reads the evidence stands elsewhere. The order of the rules is from
 * what cannot mislead (gilgul's own force, the kernel's counters, the signal) to what is only a wording.
 */
export function diagnose(evidence: Evidence): Diagnosis {
  for (const rule of RULES) {
    const found = rule(evidence)
    if (found) return { advice: evidence.words.advice, ...found }
  }
  return { cause: 'unknown', because: describeEnd(evidence), advice: evidence.words.advice }
}

const RULES: readonly Rule[] = [
  byExhaustion,
  byNeedOfTheLate,
  byForce,
  byRefusedStart,
  byMemoryKill,
  byIllegalInstruction,
  byModelFile,
  byFullDisk,
  byCode,
  byHint,
  byShellStatus,
  byLostNeed,
  bySignal,
  byThrown,
]

/** Who has hardly any memory left is silent for long before the end, and is taken for hung first. */
function byExhaustion({ verdict, words, isModel, wasReady }: Evidence): Finding | undefined {
  if (!verdict || verdict.wasPaused || words.hint !== 'no-memory') return undefined
  const cause = isModel && !wasReady ? 'model-too-big' : 'out-of-memory'
  return { cause, because: `${verdict.sentence}${says(words)}` }
}

/** A quiet wait for somebody who is not there looks like a hang. */
function byNeedOfTheLate({ verdict, needs }: Evidence): Finding | undefined {
  const missing = needs.filter(({ isRunning }) => !isRunning).map(({ name }) => name)
  if (verdict?.kind !== 'late' || verdict.wasPaused || missing.length === 0) return undefined
  return { cause: 'dependency-down', because: `${verdict.sentence} It needs ${missing.join(' and ')}.` }
}

function byForce({ verdict, exit }: Evidence): Finding | undefined {
  if (!verdict) return undefined
  const paused = verdict.wasPaused ? ' Somebody had stopped it with a signal.' : ''
  return { cause: 'hang', because: `${verdict.sentence}${paused} ${describeExit(exit)}` }
}

const REFUSALS: Readonly<Record<string, FailureCause>> = {
  ENOENT: 'file-missing',
  ENOTDIR: 'file-missing',
  EACCES: 'permission',
  EPERM: 'permission',
  ENOEXEC: 'bad-configuration',
  E2BIG: 'bad-configuration',
  ISOLATION_MISSING: 'bad-configuration',
  SERVICE_TOO_LARGE: 'out-of-memory',
  ENOMEM: 'out-of-memory',
  EAGAIN: 'limit-reached',
  EMFILE: 'limit-reached',
  ENFILE: 'limit-reached',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
}

function byRefusedStart({ exit }: Evidence): Finding | undefined {
  if (!exit.error) return undefined
  const { code = '' } = exit.error as NodeJS.ErrnoException
  return { cause: REFUSALS[code] ?? 'unknown', because: describeExit(exit) }
}

function byMemoryKill(evidence: Evidence): Finding | undefined {
  // Of a bridge, the program is ended, and the bridge follows with a status of its own.
  if (evidence.atLimit !== undefined) return { cause: 'out-of-memory', because: evidence.atLimit }
  const { exit, memoryKills, kernelNamedIt, isModel, wasReady } = evidence
  if (endingSignal(exit) !== 'SIGKILL' || (memoryKills === 0 && !kernelNamedIt)) return undefined
  const cause = isModel && !wasReady ? 'model-too-big' : 'out-of-memory'
  return { cause, because: 'The system ended it by SIGKILL, since there was no memory left.' }
}

function byIllegalInstruction({ exit }: Evidence): Finding | undefined {
  if (endingSignal(exit) !== 'SIGILL') return undefined
  return {
    cause: 'illegal-instruction',
    because:
      'It was ended by SIGILL: it was built for a processor that knows more instructions than this one.',
    advice: 'Use a build for this processor, such as one without AVX (docs/guides/gpu.md), or another model.',
  }
}

/** Whatever a model's process says, a file that is no model explains it. */
function byModelFile({ model, words }: Evidence): Finding | undefined {
  if (!model) return undefined
  const said = words.sentence === '' ? '' : ` It said: ${words.sentence}`
  switch (model.state) {
    case 'missing':
      return { cause: 'file-missing', because: `${model.path} is not there.${said}` }
    case 'forbidden':
      return { cause: 'permission', because: `${model.path} may not be read.${said}` }
    case 'no-model':
      return { cause: 'model-corrupt', because: `${model.path} does not begin as a model does.${said}` }
    case 'cut':
      return { cause: 'model-corrupt', because: `${model.path} has not the size that it had.${said}` }
    default:
      return undefined
  }
}

/** Who maps a file beyond the room there is gets SIGBUS, and no error. */
function byFullDisk(evidence: Evidence): Finding | undefined {
  const { exit, disks, words } = evidence
  const full = disks.find(({ freeBytes }) => freeBytes < ROOM_BYTES_MIN)
  const saysSo = words.hint === 'no-room' || words.code === 'DISK_FULL'
  if (saysSo) {
    const where = full ? `There is no room left in ${full.folder}.` : 'It found no room on the disk.'
    return { cause: 'disk-full', because: `${where} ${describeEnd(evidence)}` }
  }
  if (!full || (endingSignal(exit) !== 'SIGBUS' && words.code !== 'JOURNAL_FAILED')) return undefined
  return { cause: 'disk-full', because: `${describeExit(exit)} There is no room left in ${full.folder}.` }
}

const CODES: Readonly<Partial<Record<ErrorCode, FailureCause>>> = {
  PORT_BUSY: 'port-taken',
  CONFIG_INVALID: 'bad-configuration',
  BAD_INPUT: 'bad-configuration',
  POLICY_INVALID: 'bad-configuration',
  FILE_NOT_FOUND: 'file-missing',
  MODEL_GONE: 'file-missing',
  MODEL_INVALID: 'model-corrupt',
  MODEL_TOO_LARGE: 'model-too-big',
  EMBEDDING_INVALID: 'data-corrupt',
  JOURNAL_CORRUPT: 'data-corrupt',
  SEAL_BROKEN: 'data-corrupt',
  VAULT_CORRUPT: 'data-corrupt',
  BUS_FORBIDDEN: 'permission',
  BUS_FULL: 'limit-reached',
  BUSY: 'limit-reached',
  SERVICE_LOST: 'dependency-down',
  NOT_RUNNING: 'dependency-down',
  ENGINE_UNREACHABLE: 'dependency-down',
}

function byCode(evidence: Evidence): Finding | undefined {
  const { words, port } = evidence
  if (words.code === undefined) return undefined
  const cause = CODES[words.code] ?? byHint(evidence)?.cause
  if (cause === undefined) return { cause: 'unknown', because: words.sentence }
  if (cause === 'port-taken')
    return { cause, because: `${nameHolder(words.sentence, port)}${ourOrphan(port)}` }
  return { cause, because: words.sentence }
}

function byHint(evidence: Evidence): Finding | undefined {
  const { words, file, isModel, wasReady, port } = evidence
  const because = describeEnd(evidence)
  switch (words.hint) {
    case 'address-in-use':
      return { cause: 'port-taken', because: `${because}${holderSentence(port)}`, advice: freePort(port) }
    case 'no-memory':
      return { cause: isModel && !wasReady ? 'model-too-big' : 'out-of-memory', because }
    case 'too-many':
      return { cause: 'limit-reached', because }
    case 'bad-model':
      return { cause: 'model-corrupt', because }
    case 'forbidden':
      return { cause: 'permission', because }
    case 'refused-by-peer':
      return { cause: 'dependency-down', because: `${because}${missingSentence(evidence)}` }
    case 'no-such-file':
      return { cause: file?.state === 'forbidden' ? 'permission' : 'file-missing', because }
    case 'bad-setting':
      return { cause: 'bad-configuration', because }
    default:
      return undefined
  }
}

/** What shells and sysexits(3) mean by a status. */
const STATUSES: Readonly<Record<number, FailureCause>> = {
  126: 'permission',
  127: 'file-missing',
  77: 'permission',
  78: 'bad-configuration',
}

function byShellStatus({ exit, words }: Evidence): Finding | undefined {
  const cause = exit.code === null ? undefined : STATUSES[exit.code]
  return cause && { cause, because: `${describeExit(exit)}${says(words)}` }
}

function byLostNeed(evidence: Evidence): Finding | undefined {
  const missing = missingSentence(evidence)
  if (missing === '' || evidence.exit.code === null || evidence.exit.code === 0) return undefined
  return { cause: 'dependency-down', because: `${describeEnd(evidence)}${missing}` }
}

const FAULTS = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS']
const LIMITS = ['SIGXCPU', 'SIGXFSZ']

function bySignal(evidence: Evidence): Finding | undefined {
  const signal = endingSignal(evidence.exit)
  if (signal === undefined) return undefined
  const because = describeEnd(evidence)
  if (LIMITS.includes(signal)) return { cause: 'limit-reached', because }
  return { cause: FAULTS.includes(signal) ? 'crash' : 'killed', because }
}

function byThrown(evidence: Evidence): Finding | undefined {
  const { exit, words } = evidence
  if (words.hint !== 'thrown' || exit.code === 0) return undefined
  return { cause: 'crash', because: describeEnd(evidence) }
}

/** Also of a child that a shell has waited for: that one's status is 128 and the signal. */
function endingSignal({ code, signal }: Evidence['exit']): string | undefined {
  if (signal !== null) return signal
  if (code === null || code <= 128) return undefined
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
}

function describeExit({ code, signal, error }: Evidence['exit']): string {
  if (error) return `It could not be started: ${error.message}.`
  if (signal) return `It was ended by ${signal}.`
  if (code === null) return 'It ended, and nobody saw how.'
  return `It ended with status ${code}.`
}

function describeEnd({ exit, words }: Evidence): string {
  return words.sentence === '' ? `${describeExit(exit)}${says(words)}` : words.sentence
}

function says({ line }: Evidence['words']): string {
  return line === undefined ? '' : ` Its log says: ${line}`
}

function missingSentence({ needs }: Evidence): string {
  const missing = needs.filter(({ isRunning }) => !isRunning).map(({ name }) => name)
  return missing.length === 0 ? '' : ` It needs ${missing.join(' and ')}, which does not run.`
}

function holderSentence(port: Evidence['port']): string {
  if (!port) return ''
  if (!port.holder) return ` Nobody is seen to listen on port ${port.port} by now.`
  const { pid, name } = port.holder
  return ` ${name} (process ${pid}) listens on port ${port.port}.${ourOrphan(port)}`
}

/** A service that is kept apart cannot see whose port it is. */
function nameHolder(sentence: string, port: Evidence['port']): string {
  const holder = port?.holder
  return holder ? sentence.replace(/^Another program/, `${holder.name} (process ${holder.pid})`) : sentence
}

function ourOrphan(port: Evidence['port']): string {
  return port?.holder?.isOrphan ? ' It is left of an earlier start of Runa.' : ''
}

function freePort(port: Evidence['port']): string {
  if (port?.holder?.isOrphan) return 'Nothing needs to be done: it is ended.'
  return 'Stop the program that listens there, or choose another port.'
}
