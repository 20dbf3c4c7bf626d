import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type AnswerRecord, createUuidV7, RunaError } from '#protocol'
import { type Alethia, type AlethiaOptions, openAlethia } from './alethia.ts'
import type { NewTurn } from './changes.ts'

export const MASTER_KEY = Buffer.alloc(32, 7)
export const DAY_MS = 86_400_000
const FIRST_DAY_MS = Date.UTC(2026, 0, 31, 12)

export interface TestMemory {
  readonly folder: string
  /** Closes what is open, and opens the folder anew. */
  open(options?: Partial<AlethiaOptions>): Promise<Alethia>
  /** Moves the clock that the memory goes by. */
  pass(ms: number): void
  /** Whether the bytes of this text lie in any file of the folder. */
  holds(text: string): Promise<boolean>
}

export async function createTestMemory(context: TestContext): Promise<TestMemory> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-alethia-'))
  let nowMs = FIRST_DAY_MS
  let opened: Alethia | undefined
  context.after(async () => {
    await opened?.close()
    await rm(folder, { recursive: true })
  })
  return {
    folder,
    async open(options = {}) {
      await opened?.close()
      opened = undefined
      opened = await openAlethia(folder, { masterKey: MASTER_KEY, nowMs: () => nowMs, ...options })
      return opened
    },
    pass: (ms) => {
      nowMs += ms
    },
    holds: (text) => holdsText(folder, text),
  }
}

export async function holdsText(folder: string, text: string): Promise<boolean> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && (await readFile(join(entry.parentPath, entry.name))).includes(text)) return true
  }
  return false
}

export function makeTurn(text: string, more: Partial<NewTurn> = {}): NewTurn {
  return { id: createUuidV7(), thread: createUuidV7(), utterances: [{ speaker: 'you', text }], ...more }
}

export function makeAnswer(id: string, thread: string, question: string, answer: string): AnswerRecord {
  return {
    ...{ id, thread, at: FIRST_DAY_MS, question, answer, reason: 'stop', persona: 'default' },
    ...{ citations: [], notices: [], passages: [], verdicts: [], sampling: {} },
    memory: { asked: false, used: [] },
    manner: { mode: 'default', settings: [] },
    prompt: [{ origin: 'question', role: 'user', text: question, said: [] }],
    model: { id: 'none', engine: 'none', digest: '' },
    usage: { promptTokens: 0, completionTokens: 0 },
    timings: { searchMs: 0, recallMs: 0, mannerMs: 0, firstTokenMs: 0, totalMs: 0 },
  }
}

export function hasCode(...codes: string[]): (error: unknown) => boolean {
  return (error) => error instanceof RunaError && codes.includes(error.code)
}
