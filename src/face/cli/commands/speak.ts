import {
  type Agreement,
  type Client,
  dimensionSchema,
  type Mode,
  mannerSchema,
  parseOrThrow,
  RunaError,
  snarfContract,
} from '#protocol'
import { withRuna } from '../connection.ts'
import { formatTable, print } from '../output.ts'

interface JsonOption {
  readonly json: boolean
}

type Snarf = Client<typeof snarfContract>
type Profile = Awaited<ReturnType<Snarf['profile']>>

const AGREED: Readonly<Record<Agreement, string>> = {
  nothing: 'Nothing is kept: you have not agreed to it. `runa speak agree settings` keeps what you set.',
  settings: 'What you set and ask for is kept. Nothing is counted.',
  learning: 'What you set and ask for is kept, and counts about how you write. Never what you write.',
}

/** Asks snarf for something, and shows how things stand after it. */
async function showAfter({ json }: JsonOption, ask: (snarf: Snarf, signal: AbortSignal) => Promise<Profile>) {
  await withRuna(['snarf'], async ({ client, signal }) => {
    const profile = await ask(client(snarfContract), signal)
    print(profile, json, format(profile))
  })
}

const NOT_KEPT = ' Runa runs without coven, so nothing is written down: this holds until Runa stops.'

function format({ agreed, paused, mode, settings, days, kept }: Profile): string {
  const rows = settings.map(({ dimension, level, reason, locked }) => [
    dimension,
    level,
    locked ? 'locked' : '',
    reason,
  ])
  const counted = agreed === 'learning' ? ` Days counted: ${days}.` : ''
  const state = `${AGREED[agreed]}${counted}${paused ? ' Paused: nothing is heard or counted.' : ''}${kept ? '' : NOT_KEPT}`
  return [state, `Mode: ${mode}`, '', formatTable([['ABOUT', 'HOW', '', 'WHY'], ...rows])].join('\n')
}

export async function showManner(dimension: string | undefined, options: JsonOption): Promise<void> {
  if (dimension === undefined) return showAfter(options, (snarf, signal) => snarf.profile({}, { signal }))
  const [about] = dimensionsIn([dimension])
  await withRuna(['snarf'], async ({ client, signal }) => {
    if (about === undefined) return
    const explained = await client(snarfContract).explain({ dimension: about }, { signal })
    const { setting, asks, scale, instruction, evidence } = explained
    const levels = scale.map(({ level, means }) => [
      level === setting.level ? `> ${level}` : `  ${level}`,
      means,
    ])
    const told =
      instruction === '' ? 'The model is told nothing about it.' : `The model is told: ${instruction}`
    const counted = evidence.reduce((sum, { messages }) => sum + messages, 0)
    const counts = counted === 0 ? [] : [`Counted: ${counted} messages on ${evidence.length} days.`]
    print(explained, options.json, [asks, formatTable(levels), setting.reason, told, ...counts].join('\n'))
  })
}

export async function setManner(dimension: string, level: string, options: JsonOption): Promise<void> {
  const settings = parseOrThrow(mannerSchema.partial(), { [dimension]: level })
  await showAfter(options, (snarf, signal) => snarf.set({ settings }, { signal }))
}

export async function setMode(mode: Mode, options: JsonOption): Promise<void> {
  await showAfter(options, (snarf, signal) => snarf.set({ mode }, { signal }))
}

export async function agreeTo(to: Agreement, options: JsonOption): Promise<void> {
  await showAfter(options, (snarf, signal) => snarf.agree({ to }, { signal }))
}

export async function lockManner(
  names: readonly string[],
  locked: boolean,
  options: JsonOption,
): Promise<void> {
  const dimensions = dimensionsIn(names)
  await showAfter(options, (snarf, signal) => snarf.lock({ dimensions, locked }, { signal }))
}

export async function pauseLearning(paused: boolean, options: JsonOption): Promise<void> {
  await showAfter(options, (snarf, signal) => snarf.pause({ paused }, { signal }))
}

export async function resetManner(
  names: readonly string[],
  { learnt, ...options }: JsonOption & { readonly learnt: boolean },
): Promise<void> {
  const what = learnt ? 'learnt' : names.length > 0 ? 'settings' : 'all'
  const dimensions = dimensionsIn(names)
  await showAfter(options, (snarf, signal) => snarf.reset({ what, dimensions }, { signal }))
}

export async function exportManner({ json }: JsonOption): Promise<void> {
  await withRuna(['snarf'], async ({ client, signal }) => {
    const { profile } = await client(snarfContract).export({}, { signal })
    print({ profile }, json, JSON.stringify(profile, null, 2))
  })
}

function dimensionsIn(names: readonly string[]) {
  const known = dimensionSchema.options
  return names.map((name) => {
    const found = known.find((dimension) => dimension === name)
    if (found) return found
    throw new RunaError('BAD_INPUT', `There is no '${name}'. There are: ${known.join(', ')}.`)
  })
}
