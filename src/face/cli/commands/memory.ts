import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { alethiaContract, conversationContract, type RememberedTurn, RunaError } from '#protocol'
import { withRuna } from '../connection.ts'
import { harmless } from '../harmless.ts'
import { momentsOf } from '../moments.ts'
import { formatBytes, formatMinute, formatTable, print, wholeNumber } from '../output.ts'

interface JsonOption {
  readonly json: boolean
}

interface TimeOptions extends JsonOption {
  readonly from?: string
  readonly to?: string
}

export interface ForgetOptions extends TimeOptions {
  readonly turn?: readonly string[]
  readonly thread?: string
  readonly containing?: string
  readonly yes: boolean
}

const NEEDED = ['alethia']
const RECALLED_MAX = 100
const EXCERPT_LENGTH_MAX = 70

export async function showMemory(turn: string | undefined, { json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const alethia = client(alethiaContract)
    if (turn !== undefined) {
      const found = await alethia.turn({ id: turn }, { signal })
      print(found, json, formatTurn(found.turn))
      return
    }
    const [state, { threads }] = await Promise.all([
      alethia.state({}, { signal }),
      alethia.threads({ limit: 1_000 }, { signal }),
    ])
    const offTheRecord = threads.filter((thread) => thread.offTheRecord)
    const { kept, turns, days, forgotten, faults } = state
    const lines = [
      kept
        ? `Remembered, sealed: ${turnsText(turns)} (days: ${days}). Forgotten: ${turnsText(forgotten)}.`
        : 'Nothing is kept, since Runa runs without coven. Everything is off the record.',
      ...offTheRecord.map(({ id, turns: said }) => `Off the record: ${id}, ${turnsText(said)}.`),
      ...faults.map(({ day, message }) => `Amiss: ${day} ${message}`),
    ]
    print({ ...state, offTheRecord: offTheRecord.map(({ id }) => id) }, json, lines.join('\n'))
  })
}

export async function recallWords(
  query: string,
  { speaker, count, ...options }: TimeOptions & { readonly speaker?: string; readonly count: string },
): Promise<void> {
  const limit = Math.max(1, wholeNumber('--count', count, RECALLED_MAX))
  const filter = { ...momentsOf(options), ...(speaker !== undefined && { speaker }) }
  await withRuna(NEEDED, async ({ client, signal }) => {
    const { recalled } = await client(alethiaContract).recall({ query, limit, ...filter }, { signal })
    const said = recalled.map(
      ({ turn, at, speaker: who, text }) => `${formatMinute(at)}  ${who}  (turn ${turn})\n${text}\n`,
    )
    print({ recalled }, options.json, said.length === 0 ? 'Nothing of that was said.' : said.join('\n'))
  })
}

/** First what would go; then, where somebody says yes, it goes. */
export async function forgetTurns({
  turn,
  thread,
  containing,
  yes,
  ...options
}: ForgetOptions): Promise<void> {
  const named = { turns: turn && [...turn], thread, containing, ...momentsOf(options) }
  const choice = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
  if (Object.keys(choice).length === 0) {
    throw new RunaError('BAD_INPUT', 'Say what to forget: --turn, --thread, --containing, --from or --to.')
  }
  await withRuna(NEEDED, async ({ client, signal }) => {
    const alethia = client(alethiaContract)
    const preview = await alethia.forget({ choice }, { signal })
    const { total, confirm } = preview
    if (!options.json) process.stdout.write(harmless(formatPreview(preview.turns, total)))
    if (total === 0 || !(yes || (await isWished(options.json, total, signal)))) {
      const text = total === 0 ? 'Nothing fits that.' : 'Nothing was forgotten. With --yes it would be.'
      print(preview, options.json, text)
      return
    }
    const done = await alethia.forget({ choice, confirm }, { signal })
    print(
      done,
      options.json,
      `Forgotten: ${turnsText(done.total)}, with the records and what was thought of them.`,
    )
  })
}

/** Only where a person can answer. */
async function isWished(json: boolean, total: number, signal: AbortSignal): Promise<boolean> {
  if (json || !process.stdin.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`Forget ${turnsText(total)} for good? Type yes: `, { signal })
    return answer.trim().toLowerCase() === 'yes'
  } finally {
    terminal.close()
  }
}

export async function verifyMemory({ json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const found = await client(alethiaContract).verify({}, { signal })
    const { turns, records, forgotten, days, faults, head } = found
    const whole = faults.length === 0
    const lines = [
      whole
        ? 'The memory is whole: every record is there, fits the one before it, and opens.'
        : 'The chain fits, but not everything opens:',
      ...faults.map(({ day, message }) => `${day}: ${message}`),
      `Remembered: ${turnsText(turns)}. Forgotten: ${turnsText(forgotten)}. Sealed records: ${records}. Days: ${days}.`,
      `Kept elsewhere, this tells later whether the end was cut off: ${head}`,
    ]
    print(found, json, lines.join('\n'))
    if (!whole) process.exitCode = 1
  })
}

export async function copyMemory(folder: string, { json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const path = resolve(folder)
    const copied = await client(alethiaContract).snapshot({ folder: path }, { signal })
    const size = formatBytes(copied.sizeBytes)
    const text = `Copied ${copied.records} records, ${size}, into ${path}. Keep its folder \`keys\` apart, and not for long: whoever has old keys can read what was forgotten since.`
    print({ ...copied, folder: path }, json, text)
  })
}

export async function closeThread(thread: string, { json }: JsonOption): Promise<void> {
  await withRuna(['conversation', ...NEEDED], async ({ client, signal }) => {
    await client(conversationContract).closeThread({ id: thread }, { signal })
    print({ closed: thread }, json, 'The thread is closed, and nothing of it is left.')
  })
}

function formatPreview(turns: readonly RememberedTurn[], total: number): string {
  if (total === 0) return ''
  const rows = turns.map(({ id, at, utterances }) => [
    id,
    formatMinute(at),
    excerpt(utterances[0]?.text ?? ''),
  ])
  const more = total > turns.length ? `and ${total - turns.length} more\n` : ''
  return `${formatTable([['TURN', 'SAID', 'FIRST WORDS'], ...rows])}\n${more}`
}

function turnsText(turns: number): string {
  return turns === 1 ? '1 turn' : `${turns} turns`
}

function excerpt(text: string): string {
  const words = text.replaceAll(/\s+/g, ' ').trim()
  return words.length <= EXCERPT_LENGTH_MAX ? words : `${words.slice(0, EXCERPT_LENGTH_MAX - 1)}…`
}

function formatTurn({ at, thread, utterances }: RememberedTurn): string {
  const said = utterances.map(({ speaker, text }) => `${speaker}: ${text}`)
  return [`${formatMinute(at)}, thread ${thread}`, ...said].join('\n\n')
}
