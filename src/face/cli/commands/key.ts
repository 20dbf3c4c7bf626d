import { threadwellContract } from '#protocol'
import { withRuna } from '../connection.ts'
import { formatTable, print } from '../output.ts'

interface JsonOption {
  readonly json: boolean
}

const NEEDED = ['threadwell']

export async function createKey(name: string, { json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const created = await client(threadwellContract).createKey({ name }, { signal })
    print(created, json, created.key)
    // Not on the output, which may go into the file that is to hold the key.
    if (!json) process.stderr.write('Keep it now: it is not shown again.\n')
  })
}

export async function listKeys({ json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    const { keys } = await client(threadwellContract).keys({}, { signal })
    const rows = keys.map(({ id, name, createdAt, usedAt }) => [
      id,
      name,
      new Date(createdAt).toISOString().slice(0, 10),
      usedAt === 0 ? 'never' : new Date(usedAt).toISOString().slice(0, 10),
    ])
    const text = formatTable([['KEY', 'NAME', 'MADE', 'USED'], ...rows])
    print({ keys }, json, keys.length === 0 ? 'No keys yet. Make one: `runa key create NAME`' : text)
  })
}

export async function revokeKey(id: string, { json }: JsonOption): Promise<void> {
  await withRuna(NEEDED, async ({ client, signal }) => {
    await client(threadwellContract).revokeKey({ id }, { signal })
    print({ revoked: id }, json, `Revoked ${id}: nobody gets in with it any more.`)
  })
}
