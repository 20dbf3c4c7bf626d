import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RunaError } from '#protocol'
import { type Contacts, loadContacts } from './contacts.ts'
import { loadPolicy } from './load.ts'
import type { Policy } from './policy.ts'

const CONTACTS_FILE = 'contacts.yaml'
const FILES_MAX = 64

interface PolicyFile {
  readonly path: string
  readonly name: string
  readonly text: string
}

/**
 * Reads every `.yaml` of several folders: what ships with Runa, then what its owner wrote. A file in a later folder
 * replaces one of the same name in an earlier one, so a copy can be edited; so does contacts.yaml. A folder that does
 * not exist is empty. Rejects with POLICY_INVALID, which names the file, also where there is no policy at all: nobody
 * should believe to be protected by nothing.
 */
export async function loadPolicyFolders(folders: readonly string[]): Promise<Policy[]> {
  const files = new Map<string, PolicyFile>()
  for (const folder of folders) for (const file of await readFolder(folder)) files.set(file.name, file)
  const contactsFile = files.get(CONTACTS_FILE)
  const contacts: Contacts = contactsFile ? namingFile(contactsFile, loadContacts) : []
  const policies = [...files.values()]
    .filter((file) => file.name !== CONTACTS_FILE)
    .map((file) => namingFile(file, (text) => loadPolicy(text, contacts)))
  if (policies.length === 0) {
    throw new RunaError('POLICY_INVALID', `There is no policy in ${folders.join(' or ')}.`)
  }
  return policies
}

async function readFolder(folder: string): Promise<PolicyFile[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw unreadable(folder, cause)
  })
  const wanted = names.filter((name) => name.endsWith('.yaml')).sort()
  if (wanted.length > FILES_MAX) {
    throw new RunaError('POLICY_INVALID', `${folder} holds more than ${FILES_MAX} policies.`)
  }
  return Promise.all(
    wanted.map(async (name) => {
      const path = join(folder, name)
      const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
        throw unreadable(path, cause)
      })
      return { path, name, text }
    }),
  )
}

function unreadable(path: string, cause: NodeJS.ErrnoException): RunaError {
  return new RunaError('POLICY_INVALID', `${path} cannot be read: ${cause.code ?? cause.message}.`, { cause })
}

function namingFile<Value>(file: PolicyFile, load: (text: string) => Value): Value {
  try {
    return load(file.text)
  } catch (cause) {
    if (!(cause instanceof RunaError)) throw cause
    throw new RunaError(cause.code, `${file.path}: ${cause.message}`, { cause })
  }
}
