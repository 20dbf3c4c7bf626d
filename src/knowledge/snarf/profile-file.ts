import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile, syncFolder } from '#kernel/journal'
import { type Profile, profileSchema, RunaError } from '#protocol'

const NAME = 'profile.json'

export interface ReadProfile {
  readonly profile: Profile | undefined
  /** A sentence, where what was there could not be read and was set aside. */
  readonly fault?: string
}

/**
 * Undefined where there is none. A damaged file is set aside, and then nothing counts as agreed. One of a newer Runa is
 * left as it is: rejects with PROFILE_NEWER.
 */
export async function readProfile(folder: string): Promise<ReadProfile> {
  // A kill in the middle of writing leaves a half: it must not outlive the profile that was to be.
  const names = await readdir(folder).catch(ignoreMissing)
  for (const name of names ?? []) if (name.endsWith('.new')) await rm(join(folder, name), { force: true })
  const path = join(folder, NAME)
  const text = await readFile(path, 'utf8').catch(ignoreMissing)
  if (text === undefined) return { profile: undefined }
  const json = parseJson(text)
  if (isNewer(json)) {
    throw new RunaError(
      'PROFILE_NEWER',
      `${path} was written by a newer version of Runa. It is left as it is.`,
    )
  }
  const { success, data } = profileSchema.safeParse(json)
  if (success) return { profile: data }
  await rename(path, `${path}.damaged`)
  return { profile: undefined, fault: `${path} is damaged. It was set aside as ${NAME}.damaged.` }
}

/** Rejects with DISK_FULL or the system's own error, and then the one before stands. */
export async function writeProfile(folder: string, profile: Profile): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await replaceFile(join(folder, NAME), `${JSON.stringify(profileSchema.parse(profile))}\n`)
}

/** Also what was set aside. */
export async function removeProfile(folder: string): Promise<void> {
  for (const name of [NAME, `${NAME}.damaged`]) await rm(join(folder, name), { force: true })
  await syncFolder(folder).catch(ignoreMissing)
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isNewer(json: unknown): boolean {
  const known =
    typeof json === 'object' && json !== null && 'format' in json && json.format === 'runa-profile'
  return known && 'version' in json && typeof json.version === 'number' && json.version > 1
}
