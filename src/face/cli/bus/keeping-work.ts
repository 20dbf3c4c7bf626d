import type { Store } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { formatMinute, plural, print } from '../output.ts'
import { readChoice } from './amounts.ts'
import { readNamedFile, refuseToReplace, writeNamedFile } from './files.ts'
import { wordsOf } from './store-work.ts'
import { readEntry, writeEntry } from './stored-entry.ts'
import { decodeEntries, type Entry, encodeEntry } from './transfer.ts'
import { readInput } from './values.ts'
import type { VerbCall } from './verb.ts'

const EXISTING = ['refuse', 'keep', 'replace'] as const

/** To the output, or into a file of one's own that is there whole or not at all. */
export async function exportKeys(call: VerbCall): Promise<void> {
  const [file] = call.words
  if (file !== undefined) refuseToReplace(file, call.has('replace'))
  const { store } = await call.seat()
  const words = wordsOf(call)
  const entries = store.list(call.option('prefix') ?? '').flatMap((key) => readEntry(store, key, words) ?? [])
  const lines = entries.map((entry) => `${encodeEntry(entry)}\n`)
  if (file === undefined) {
    for (const line of lines) process.stdout.write(line)
    return
  }
  writeNamedFile(file, Buffer.from(lines.join('')), call.has('replace'))
  print({ file, keys: lines.length }, call.json, `Wrote ${plural(lines.length, 'key')} to ${file}, in clear.`)
}

/** Everything is read and looked at before anything is set. */
export async function importKeys(call: VerbCall): Promise<void> {
  const existing = readChoice('--existing', call.option('existing') ?? 'refuse', EXISTING)
  const entries = decodeEntries(await readLines(call))
  const { store, limits } = await call.seat()
  const now = Date.now()
  const living = entries.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
  const known = living.filter(({ key }) => store.head(key) !== undefined)
  const [first] = known
  if (first && existing === 'refuse') {
    const how = 'Choose with `--existing keep` or `--existing replace`'
    const more = known.length > 1 ? ` and ${known.length - 1} more` : ''
    const verb = known.length > 1 ? 'are' : 'is'
    throw new RunaError('BAD_INPUT', `'${first.key}'${more} ${verb} there already. ${how}.`)
  }
  const taken = existing === 'keep' ? living.filter((entry) => !known.includes(entry)) : living
  refuseUnfit(taken, limits)
  refuseCrowd(taken.length - (existing === 'keep' ? 0 : known.length), store)
  for (const entry of taken) writeEntry(store, entry, wordsOf(call), now)
  const figures = {
    imported: taken.length,
    kept: living.length - taken.length,
    expired: entries.length - living.length,
  }
  const text = `Took in ${plural(figures.imported, 'key')}; ${figures.kept} were there and kept, ${figures.expired} past their time.`
  print(figures, call.json, text)
}

async function readLines(call: VerbCall): Promise<Buffer> {
  const [file] = call.words
  if (file !== undefined && file !== '-') return readNamedFile(file)
  if (call.canReadInput && process.stdin.isTTY !== true) return await readInput()
  throw new RunaError('BAD_INPUT', 'What is imported was expected: name its file, or pipe it in.')
}

function refuseUnfit(
  entries: readonly Entry[],
  { keyBytesMax, valueBytesMax }: { readonly keyBytesMax: number; readonly valueBytesMax: number },
): void {
  for (const { key, value } of entries) {
    const isKeyLong = Buffer.byteLength(key) > keyBytesMax
    const isValueLong = typeof value !== 'bigint' && value.length > valueBytesMax
    if (!isKeyLong && !isValueLong) continue
    const [what, most] = isKeyLong ? ['key', keyBytesMax] : ['value', valueBytesMax]
    throw new RunaError(
      'BAD_INPUT',
      `The ${what} of '${key}' is longer than ${most} bytes. Nothing was changed.`,
    )
  }
}

function refuseCrowd(added: number, store: Store): void {
  const { keys, keysMax } = store.figures()
  if (keys + added <= keysMax) return
  throw new RunaError(
    'STORE_FULL',
    `${added} more keys do not fit: ${keys} of ${keysMax} are there. Nothing was changed.`,
  )
}

export async function takeSnapshot(call: VerbCall): Promise<void> {
  const file = call.word(0)
  refuseToReplace(file, call.has('replace'))
  const bus = await call.seat()
  const { keys, sizeBytes, sha256 } = await bus.snapshot(file, { replace: call.has('replace') })
  print(
    { file, keys, sizeBytes, sha256 },
    call.json,
    `Kept ${plural(keys, 'key')} in ${file}, ${plural(sizeBytes, 'byte')}.`,
  )
}

export async function restoreSnapshot(call: VerbCall): Promise<void> {
  const file = call.word(0)
  const bus = await call.seat()
  const { keys, expired, madeAt } = await bus.restore(file)
  const text = `Put back ${plural(keys, 'key')} of ${formatMinute(madeAt)}; ${expired} past their time.`
  print({ file, keys, expired, madeAt }, call.json, text)
}

export async function flushBus(call: VerbCall): Promise<void> {
  const bus = await call.seat()
  if (!bus.limits.persistent) {
    throw new RunaError('BAD_INPUT', 'This bus is in memory alone: nothing of it outlives a loss of power.')
  }
  await bus.flush()
  print({ flushed: true }, call.json, 'What was set so far outlives a loss of power.')
}
