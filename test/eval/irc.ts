import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Messages by person and day, of those who wrote enough on it. */
export type Chat = ReadonlyMap<string, readonly (readonly string[])[]>

const LINE = /^\[\d\d:\d\d\] <([^>]+)> (.*)$/
/** To whom it is said, at the beginning of a message. */
const ADDRESSEE = /^[\w\-[\]`|^]+[:,] */

/** Days of a public chat, one file each. A person is a nickname, without the tails that mark a second connection. */
export async function readChat(folder: string, messagesMin: number): Promise<Chat> {
  const people = new Map<string, string[][]>()
  for (const name of (await readdir(folder)).sort()) {
    const day = new Map<string, string[]>()
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      const [, nickname = '', text = ''] = LINE.exec(line) ?? []
      const person = nickname.toLowerCase().replace(/[_`]+$/, '')
      if (person === '' || person.includes('bot')) continue
      day.set(person, [...(day.get(person) ?? []), text.replace(ADDRESSEE, '')])
    }
    for (const [person, messages] of day) {
      if (messages.length >= messagesMin) people.set(person, [...(people.get(person) ?? []), messages])
    }
  }
  return people
}
