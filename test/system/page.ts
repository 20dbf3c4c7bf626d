import assert from 'node:assert/strict'
import type { Board } from '#face/threadwell'
import type { Turn, TurnItem } from '#protocol'

/** What a browser can do that has opened the login link. Whatever is refused, throws. */
export interface Page {
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body: object): Promise<Answer>
  /** Asks, and resolves with the turn once it is stored, and its thread. */
  ask(question: string, more?: object): Promise<Turn & { readonly thread: string }>
  /** The first board. */
  board(): Promise<Board>
  /** Changes the first board, and resolves with the id of what was made. */
  change(change: object): Promise<string>
}

export async function openPage(loginUrl: string): Promise<Page> {
  const login = await fetch(loginUrl, { redirect: 'manual' })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const headers = { cookie, 'content-type': 'application/json' }

  async function send(path: string, init: RequestInit = {}): Promise<string> {
    const answer = await fetch(new URL(path, loginUrl), { headers, ...init })
    const text = await answer.text()
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`)
    return text
  }

  async function get<Answer>(path: string): Promise<Answer> {
    return JSON.parse(await send(path)) as Answer
  }

  async function post<Answer>(path: string, body: object): Promise<Answer> {
    return JSON.parse(await send(path, { method: 'POST', body: JSON.stringify(body) })) as Answer
  }

  async function board(): Promise<Board> {
    const { boards } = await get<{ boards: Board[] }>('/api/boards')
    return await get(`/api/boards/${boards[0]?.id}`)
  }

  return {
    get,
    post,
    board,
    async ask(question, more = {}) {
      const body = JSON.stringify({ question, ...more })
      const lines = (await send('/api/turns', { method: 'POST', body })).trimEnd().split('\n')
      const items = lines.map((line) => JSON.parse(line) as TurnItem)
      const start = items.find((item) => item.kind === 'start')
      const end = items.find((item) => item.kind === 'end')
      assert.ok(end, `the answer broke off: ${lines.at(-1)}`)
      return { ...end.turn, thread: start?.thread ?? '' }
    },
    async change(change) {
      const { id } = await board()
      const { created } = await post<{ created: string | null }>(`/api/boards/${id}/changes`, { change })
      return created ?? ''
    },
  }
}
