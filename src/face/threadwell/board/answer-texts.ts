import { ANSWERS_NAMED_MAX, type Turn } from '#protocol'
import type { Board, Card, Comment } from '../api.ts'
import type { Services } from '../services.ts'

/** Of what assistants said and is shown on boards. The memory has it too: beyond this it is asked for again. */
const CACHE_LENGTH_MAX = 16 * 2 ** 20
const PATIENCE_MS = 2_000

/** Boards refer to what assistants answered; this is what they say. It is kept in memory only. */
export interface AnswerTexts {
  /** The board as people see it. An answer that cannot be told says so in its place: never rejects. */
  fill(board: Board): Promise<Board>
  forget(answers: readonly string[]): void
}

type Said = Pick<Comment, 'text' | 'citations'>

const FORGOTTEN: Pick<Comment, 'text' | 'missing'> = {
  text: 'This answer was forgotten.',
  missing: 'forgotten',
}
const UNREACHABLE: Pick<Comment, 'text' | 'missing'> = {
  text: 'This answer cannot be reached at the moment.',
  missing: 'unreachable',
}

export function createAnswerTexts(conversation: Pick<Services['conversation'], 'answers'>): AnswerTexts {
  const cache = createCache(CACHE_LENGTH_MAX)
  /** An answer that was on its way when it was forgotten must not come back with it. */
  const forgotten = new Set<string>()

  async function fetch(ids: readonly string[]): Promise<Map<string, Said>> {
    const found = new Map<string, Said>()
    let left = ids
    while (left.length > 0) {
      const asked = left.slice(0, ANSWERS_NAMED_MAX)
      const told = await conversation.answers({ ids: asked }, { timeoutMs: PATIENCE_MS })
      for (const id of told.forgotten) forgotten.add(id)
      for (const turn of told.turns) found.set(turn.id, saidIn(turn))
      const done = new Set([...told.forgotten, ...told.unknown, ...told.turns.map(({ id }) => id)])
      if (done.size === 0) break
      left = left.filter((id) => !done.has(id))
    }
    for (const [id, said] of found) if (!forgotten.has(id)) cache.set(id, said)
    return found
  }

  function show(comment: Comment, fetched: ReadonlyMap<string, Said>): Comment {
    const { answer, missing, text } = comment
    if (missing === 'forgotten') return { ...comment, ...FORGOTTEN }
    if (answer === null || text !== '') return comment
    if (forgotten.has(answer)) return { ...comment, ...FORGOTTEN }
    const said = fetched.get(answer) ?? cache.get(answer)
    return said ? { ...comment, ...said } : { ...comment, ...UNREACHABLE }
  }

  return {
    async fill(board) {
      const wanted = referencesIn(board).filter((id) => !forgotten.has(id) && cache.get(id) === undefined)
      const fetched = await fetch(wanted).catch(() => new Map<string, Said>())
      return withComments(board, (comment) => show(comment, fetched))
    },
    forget(answers) {
      for (const id of answers) {
        forgotten.add(id)
        cache.delete(id)
      }
    },
  }
}

/** Answers that the comments of a board refer to, and that are not known to be forgotten. */
export function referencesIn({ lists }: Pick<Board, 'lists'>): string[] {
  return lists.flatMap(({ cards }) => cards.flatMap(referencesOn))
}

export function referencesOn({ comments }: Card): string[] {
  return comments.flatMap(({ answer, missing }) => (answer === null || missing !== null ? [] : [answer]))
}

function withComments(board: Board, show: (comment: Comment) => Comment): Board {
  const lists = board.lists.map((list) => ({
    ...list,
    cards: list.cards.map((card) => ({ ...card, comments: card.comments.map(show) })),
  }))
  return { ...board, lists }
}

function saidIn({ answer, citations }: Turn): Said {
  return { text: answer, citations }
}

/** Lets go of what was put in first. */
function createCache(lengthMax: number) {
  const entries = new Map<string, Said>()
  let length = 0
  const lengthOf = (said: Said) => said.text.length + JSON.stringify(said.citations).length

  function remove(id: string): void {
    const said = entries.get(id)
    if (said) length -= lengthOf(said)
    entries.delete(id)
  }

  return {
    get: (id: string) => entries.get(id),
    delete: remove,
    set(id: string, said: Said): void {
      remove(id)
      entries.set(id, said)
      length += lengthOf(said)
      for (const oldest of entries.keys()) {
        if (length <= lengthMax) return
        remove(oldest)
      }
    },
  }
}
