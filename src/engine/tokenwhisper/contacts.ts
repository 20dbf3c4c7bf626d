import * as z from 'zod'
import { readYaml } from './yaml.ts'

const CONTACTS_MAX = 100

const line = z.string().min(1).max(200)

/** What contacts.yaml holds: whom a person in distress can call, by place. */
const contactsSchema = z.strictObject({
  contacts: z
    .array(z.strictObject({ where: line, name: line, call: line }))
    .min(1)
    .max(CONTACTS_MAX),
})

export type Contacts = z.output<typeof contactsSchema>['contacts']

/** Throws POLICY_INVALID, which names the line. */
export function loadContacts(yamlText: string): Contacts {
  return readYaml(yamlText, contactsSchema).value.contacts
}

/** One a line, as a reply shows them. */
export function listContacts(contacts: Contacts): string {
  return contacts.map(({ where, name, call }) => `- ${where}: ${call} (${name})`).join('\n')
}
