import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { readJournal } from '#kernel/journal'
import { type AnswerRecord, answerRecordSchema, RunaError } from '#protocol'
import type { Fault } from './personas.ts'
import { titleOf } from './title.ts'

/** What is known of a thread without reading it. */
export interface ThreadEntry {
  readonly title: string
  /** Ids of its answers, oldest first. */
  readonly answers: readonly string[]
  readonly updatedAt: number
}

type Head = Pick<AnswerRecord, 'id' | 'at' | 'question'>

const FILE_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.journal$/

/** Records of a kind that this version does not know are passed over: a newer one may have written them. */
const recordSchema = z.object({ kind: z.string(), turn: z.unknown().optional() })
const headSchema = answerRecordSchema.pick({ id: true, at: true, question: true })

export function encodeTurn(turn: AnswerRecord): Uint8Array {
  return Buffer.from(JSON.stringify({ kind: 'turn', turn }))
}

export function turnsIn(payloads: readonly Uint8Array[]): AnswerRecord[] {
  return parseTurns(payloads, answerRecordSchema)
}

function parseTurns<Schema extends z.ZodType>(
  payloads: readonly Uint8Array[],
  schema: Schema,
): z.output<Schema>[] {
  try {
    const records = payloads.map((payload) => recordSchema.parse(JSON.parse(Buffer.from(payload).toString())))
    return records.filter(({ kind }) => kind === 'turn').map(({ turn }) => schema.parse(turn))
  } catch (cause) {
    throw new RunaError('JOURNAL_CORRUPT', 'The thread holds a record that this version cannot read.', {
      cause,
    })
  }
}

export function extendEntry(before: ThreadEntry | undefined, { id, at, question }: Head): ThreadEntry {
  return {
    title: before?.title ?? titleOf(question),
    answers: [...(before?.answers ?? []), id],
    updatedAt: at,
  }
}

/** Reads every thread of the folder once. More than `threadsMax`: the newest of them. */
export async function readThreadIndex(
  folder: string,
  sizes: { readonly sizeBytesMax: number; readonly payloadBytesMax: number },
  threadsMax: number,
): Promise<{ entries: Map<string, ThreadEntry>; faults: Fault[] }> {
  const entries = new Map<string, ThreadEntry>()
  const faults: Fault[] = []
  // Ids begin with the time at which they were made, so that names sort by age.
  const names = (await readdir(folder)).filter((name) => FILE_NAME.test(name)).sort()
  const left = names.splice(0, Math.max(0, names.length - threadsMax)).length
  if (left > 0)
    faults.push({ file: folder, message: `The oldest ${left} threads are over the limit, and not shown.` })
  for (const name of names) {
    const path = join(folder, name)
    try {
      const payloads = await readJournal(path, sizes)
      // Made, and cut off before its first turn was acknowledged.
      if (payloads.length === 0) await rm(path)
      const heads = parseTurns(payloads, headSchema)
      const entry = heads.reduce(extendEntry, undefined as ThreadEntry | undefined)
      if (entry) entries.set(FILE_NAME.exec(name)?.[1] ?? name, entry)
    } catch (error) {
      faults.push(await setAside(path, error))
    }
  }
  return { entries, faults }
}

/** Only what is damaged is renamed: what cannot be read for another reason may be readable tomorrow. */
async function setAside(path: string, error: unknown): Promise<Fault> {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof RunaError) || error.code !== 'JOURNAL_CORRUPT') return { file: path, message }
  const aside = `${path}.damaged`
  await rename(path, aside)
  return { file: aside, message: `${message} The thread was set aside.` }
}
