import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { destroyFile, replaceFile, syncFolder } from '#kernel/journal'
import { open, seal } from '#kernel/seal'
import { makeFolders } from '#kernel/sys'
import { type Profile, profileSchema, RunaError } from '#protocol'

interface ReadProfile {
  readonly profile: Profile | undefined
  /** A sentence, where what was there could not be read and was set aside. */
  readonly fault?: string
}

/** Where a profile is kept. */
export interface ProfileStore {
  /** Whether it outlives the process. */
  readonly keeps: boolean
  /**
   * Undefined where there is none. A damaged one is set aside, and then nothing counts as agreed. One of a newer Runa is
   * left as it is: rejects with PROFILE_NEWER.
   */
  read(): Promise<ReadProfile>
  /** Rejects with DISK_FULL or the system's own error, and then the one before stands. */
  write(profile: Profile): Promise<void>
  /** Also what was set aside. */
  remove(): Promise<void>
}

/** For who has no key: nothing is kept. */
export const NO_STORE: ProfileStore = {
  keeps: false,
  read: async () => ({ profile: undefined }),
  write: async () => {},
  remove: async () => {},
}

const CLEAR = 'profile.json'
const SEALED = 'profile.sealed'
const CONTEXT = 'runa profile'
const VERSION = 2

/**
 * With a key the file is sealed, and one that lies there in clear is sealed when it is read; without `takesClear` it is
 * left alone, and named.
 */
export function createProfileStore(folder: string, key?: Uint8Array, takesClear = true): ProfileStore {
  const name = key ? SEALED : CLEAR
  const path = join(folder, name)
  const encode = (text: string) => (key ? seal(key, Buffer.from(text), CONTEXT) : text)

  async function write(profile: Profile): Promise<void> {
    makeFolders(folder)
    await replaceFile(path, encode(`${JSON.stringify(profileSchema.parse(profile))}\n`))
  }

  async function readOwn(): Promise<ReadProfile> {
    const bytes = await readFile(path).catch(ignoreMissing)
    if (bytes === undefined) return { profile: undefined }
    const profile = parseProfile(key ? openOrNothing(key, bytes) : bytes.toString(), path)
    if (profile) return { profile }
    await rename(path, `${path}.damaged`)
    return { profile: undefined, fault: `${path} is damaged. It was set aside as ${name}.damaged.` }
  }

  /** From before profiles were sealed. A kill in between leaves both, and then the sealed one counts. */
  async function sealClear(): Promise<ReadProfile> {
    const isSealed = (await readdir(folder).catch(ignoreMissing))?.includes(SEALED)
    const clear = join(folder, CLEAR)
    if (!isSealed) {
      const { profile, fault } = await createProfileStore(folder).read()
      if (!profile) return { profile, ...(fault !== undefined && { fault }) }
      await write(profile)
    }
    await destroyFile(clear)
    return readOwn()
  }

  /** Everything of before is sealed by now: somebody else has put it there. */
  async function leaveClear(): Promise<ReadProfile> {
    const own = await readOwn()
    if (!(await readdir(folder).catch(ignoreMissing))?.includes(CLEAR)) return own
    const fault = `${join(folder, CLEAR)} lies there in clear, where profiles are sealed. It is not read.`
    return { profile: own.profile, fault: own.fault ?? fault }
  }

  return {
    keeps: true,
    write,
    async read() {
      // A kill in the middle of writing leaves a half: it must not outlive the profile that was to be.
      const names = await readdir(folder).catch(ignoreMissing)
      for (const half of names ?? []) if (half.endsWith('.new')) await destroyFile(join(folder, half))
      if (!key) return await readOwn()
      return await (takesClear ? sealClear() : leaveClear())
    },
    async remove() {
      for (const each of [CLEAR, SEALED, `${CLEAR}.damaged`, `${SEALED}.damaged`]) {
        await rm(join(folder, each), { force: true })
      }
      await syncFolder(folder).catch(ignoreMissing)
    },
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

function openOrNothing(key: Uint8Array, sealed: Uint8Array): string {
  try {
    return open(key, sealed, CONTEXT).toString()
  } catch {
    return ''
  }
}

/** Undefined where it is damaged. Throws PROFILE_NEWER. */
function parseProfile(text: string, path: string): Profile | undefined {
  const json = parseJson(text)
  const version = versionOf(json)
  if (version > VERSION) {
    throw new RunaError(
      'PROFILE_NEWER',
      `${path} was written by a newer version of Runa. It is left as it is.`,
    )
  }
  // The first version did not know which turns its counts came from.
  const known = version === 1 ? { ...(json as object), version: VERSION, turns: [] } : json
  return profileSchema.safeParse(known).data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function versionOf(json: unknown): number {
  const known =
    typeof json === 'object' && json !== null && 'format' in json && json.format === 'runa-profile'
  return known && 'version' in json && typeof json.version === 'number' ? json.version : 0
}
