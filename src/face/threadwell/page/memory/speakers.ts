import type { PersonasReply } from '../../api.ts'
import { get } from '../http.ts'

/** What a speaker is called on a page: `you` and the ids of personas have names of their own. */
export type NameOf = (speaker: string) => string

export async function loadNames(): Promise<NameOf> {
  const { personas } = await get<PersonasReply>('/api/personas').catch(() => ({ personas: [] }))
  const names = new Map(personas.map(({ id, name }) => [id, id === 'default' ? 'Runa' : name]))
  return (speaker) =>
    speaker === 'you' ? 'You' : (names.get(speaker) ?? (speaker === 'default' ? 'Runa' : speaker))
}
