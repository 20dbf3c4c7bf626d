import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { serviceNameSchema } from '#protocol'
import { atStart, type Mistake, type Place, readYamlFile } from '../yaml-file.ts'
import { type OwnService, ownServiceSchema } from './own-service.ts'

export interface OwnServices {
  readonly read: readonly ReadService[]
  /** Of all of them. */
  readonly mistakes: readonly Mistake[]
}

const SERVICES_MAX = 64
const FILE_BYTES_MAX = 65_536

/**
 * Reads `services/*.yaml` in the folder of Runa. `taken`: names that they may not have. Never rejects: what cannot be read is a
 * mistake. Whether what they need is there, is not looked at.
 */
export async function readOwnServices(home: string, taken: readonly string[]): Promise<OwnServices> {
  const folder = join(home, 'services')
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => name.endsWith('.yaml')).sort()
  const read = await Promise.all(
    files.slice(0, SERVICES_MAX).map((file) => readOwnService(join(folder, file), taken)),
  )
  const tooMany =
    files.length > SERVICES_MAX ? [atStart(folder, `has more than ${SERVICES_MAX} services`)] : []
  return { read, mistakes: [...tooMany, ...read.flatMap((one) => one.mistakes)] }
}

export interface ReadService {
  readonly service?: OwnService
  readonly mistakes: readonly Mistake[]
  readonly at: Place
}

/** Of one file, without regard to the others. Never rejects. */
export async function readOwnService(file: string, taken: readonly string[]): Promise<ReadService> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => error)
  const fault = (text: string): ReadService => ({
    mistakes: [atStart(file, text)],
    at: (_, told) => atStart(file, told),
  })
  if (bytes instanceof Error) return fault(`cannot be read: ${bytes.code}`)
  if (bytes.length > FILE_BYTES_MAX) return fault(`has more than ${FILE_BYTES_MAX} bytes`)
  const name = basename(file, '.yaml')
  if (!serviceNameSchema.safeParse(name).success)
    return fault(
      `'${name}' is no name of a service: it begins with a small letter, then letters, digits, - and _`,
    )
  if (taken.includes(name)) return fault(`'${name}' is a service of Runa itself`)
  return parseOwnService(file, name, bytes.toString())
}

export function parseOwnService(file: string, name: string, text: string): ReadService {
  const { value, mistakes, at } = readYamlFile(file, text, ownServiceSchema)
  return value === undefined ? { mistakes, at } : { service: { ...value, name }, mistakes, at }
}
