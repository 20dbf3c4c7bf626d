import { join } from 'node:path'
import { countMessage, findWishes, learn } from '#knowledge/snarf'
import type { DayCounts } from '#protocol'
import { type Chat, readChat } from './irc.ts'
import { type Row, row } from './row.ts'

const MESSAGES_A_DAY = 10
const PEOPLE = 400
const DAYS = 60
const CHANGE_AT = 30

type Feature = (counts: DayCounts) => number
const FEATURES: Readonly<Record<string, Feature>> = {
  'words a message': ({ logWords, messages }) => logWords / messages,
  capitals: ({ capitals, messages }) => capitals / messages,
  'full stops': ({ ended, messages }) => ended / messages,
}

/** How steady people are in what is counted, false alarms of wishes in a chat, and how guesses follow simulated people. */
export async function evalSnarf(shared: string): Promise<Row[]> {
  const chat = await readChat(join(shared, 'data/style/irc'), MESSAGES_A_DAY)
  return [...evalReliability(chat), ...evalWishes(chat), ...evalGuesses()]
}

/** Pearson's correlation between days of the same people, ten messages a day; with two days on either side, too. */
function evalReliability(chat: Chat): Row[] {
  const people = [...chat.values()].map((days) => days.map(countDay).filter((day) => day !== undefined))
  return Object.entries(FEATURES).flatMap(([name, feature]) =>
    [1, 2].flatMap((days) => {
      const pairs = people
        .filter((counted) => counted.length >= 2 * days)
        .map((counted) => {
          const first = counted.slice(0, 2 * days)
          const every = (rest: number) => mean(first.filter((_, index) => index % 2 === rest).map(feature))
          return [every(0), every(1)] as const
        })
      const title = `${name}, ${days} ${days === 1 ? 'day' : 'days'}`
      return [row(title, 'correlation', correlation(pairs)), row(title, 'people', pairs.length)]
    }),
  )
}

function countDay(messages: readonly string[]): DayCounts | undefined {
  const counts = messages.slice(0, MESSAGES_A_DAY).map((message) => countMessage(message, 0))
  return counts
    .filter((one) => one !== undefined)
    .reduce<DayCounts | undefined>((sum, one) => (sum ? add(sum, one) : one), undefined)
}

function add(one: DayCounts, other: DayCounts): DayCounts {
  const both = (field: keyof DayCounts) => one[field] + other[field]
  return {
    day: one.day,
    messages: both('messages'),
    words: both('words'),
    logWords: both('logWords'),
    capitals: both('capitals'),
    ended: both('ended'),
  }
}

/** Nobody in a public chat tells an assistant how to speak: each find is a false alarm. */
function evalWishes(chat: Chat): Row[] {
  const messages = [...chat.values()].flat(2)
  const alarms = messages.filter((message) => findWishes(message).length > 0)
  return [
    row('wishes in a chat', 'messages', messages.length),
    row('wishes in a chat', 'false alarms', alarms.length),
  ]
}

/** People who write five words a message, and then forty; each day has a mood of its own. */
function evalGuesses(): Row[] {
  const random = createRandom(1)
  let flips = 0
  let sureOnDay = 0
  let takenBack = 0
  let anew = 0
  for (let person = 0; person < PEOPLE; person += 1) {
    const steady = levelsOf(random, () => CURT)
    sureOnDay += firstDay(steady, 'short')
    const from = steady.indexOf('short')
    flips += steady.filter((level, day) => from !== -1 && day > from && level !== steady[day - 1]).length
    const changed = levelsOf(random, (day) => (day < CHANGE_AT ? CURT : WORDY)).slice(CHANGE_AT)
    takenBack += 1 + changed.findIndex((level) => level !== 'short')
    anew += firstDay(changed, 'detailed')
  }
  return [
    row('steady simulated people', 'days to the first guess', sureOnDay / PEOPLE),
    row('steady simulated people', 'changes of mind in 100 days', (100 * flips) / (PEOPLE * DAYS)),
    row('simulated people who change', 'days until the guess is taken back', takenBack / PEOPLE),
    row('simulated people who change', 'days until the next guess', anew / PEOPLE),
  ]
}

const CURT = Math.log(1 + 3)
const WORDY = Math.log(1 + 60)
/** Between days of one person, as measured in the chat. */
const MOOD = 0.3

function levelsOf(random: () => number, habit: (day: number) => number): string[] {
  const days = Array.from({ length: DAYS }, (_, day): DayCounts => {
    const logWords = Math.max(0, habit(day) + MOOD * gaussian(random))
    const words = Math.round(Math.exp(logWords))
    const messages = MESSAGES_A_DAY
    return { day, messages, words: messages * words, logWords: messages * logWords, capitals: 5, ended: 5 }
  })
  return days.map(
    (_, day) => learn(days.slice(0, day + 1)).find(({ dimension }) => dimension === 'length')?.level ?? '',
  )
}

/** Counted from one; one more than there are where it never comes. */
function firstDay(levels: readonly string[], level: string): number {
  const day = levels.indexOf(level)
  return day === -1 ? levels.length + 1 : day + 1
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const [a, b] = [mean(pairs.map(([one]) => one)), mean(pairs.map(([, other]) => other))]
  const sum = (of: (one: number, other: number) => number) =>
    pairs.reduce((all, [one, other]) => all + of(one - a, other - b), 0)
  return sum((one, other) => one * other) / Math.sqrt(sum((one) => one ** 2) * sum((_, other) => other ** 2))
}

/** Steele's SplitMix, as mulberry32: the same people in each run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Box and Muller. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
