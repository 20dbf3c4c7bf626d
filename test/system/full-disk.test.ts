import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Citation } from '#protocol'
import { SERVICES } from '../../src/kernel/gilgul/spec/service-table.ts'
import { createTestRuna, type TestRuna, until } from './test-runa.ts'

async function restartedOf(runa: TestRuna): Promise<string[]> {
  const { services } = (await runa.ask('status')) as { services: { name: string; restarts: number }[] }
  return services.filter(({ restarts }) => restarts > 0).map(({ name }) => name)
}

test('a disk that takes no more logs ends no process', { skip: !existsSync('/dev/full') }, async () => {
  const runa = createTestRuna()
  after(() => runa.remove())
  const logs = join(runa.home, 'logs')
  mkdirSync(logs)
  const names = ['gilgul', ...SERVICES.map(({ name }) => name)]
  for (const name of names) symlinkSync('/dev/full', join(logs, `${name}.log`))
  await runa.start()
  assert.equal((await runa.runa('ask', 'How do I add a model?')).status, 0)
  assert.equal((await runa.runa('restart', 'tieto')).status, 0)
  assert.equal((await runa.runa('ask', '--topic', 'nowhere', 'Who?')).status, 1)
  assert.deepEqual(await restartedOf(runa), [])
})

const DISK = '8m'

/** A disk of its own that can be filled: only root may mount one, and not everywhere. */
function mountDisk(folder: string): boolean {
  mkdirSync(folder)
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'runa-test', folder]).status === 0
}

function fill(path: string): () => void {
  const { status } = spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=4096', 'status=none'])
  assert.notEqual(status, 0, 'the disk is full')
  return () => rmSync(path)
}

test('on a full disk everything is refused with a code, and goes on once there is room', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'runa-disk-'))
  const disk = join(folder, 'disk')
  const runa = createTestRuna('', join(disk, 'home'))
  const mounted = mountDisk(disk)
  after(async () => {
    await runa.remove()
    // Who was killed is no longer to be found a moment before it lets go of its files.
    if (mounted) await until(() => spawnSync('umount', [disk]).status === 0)
    rmSync(folder, { recursive: true })
  })
  if (!mounted) return t.skip('this user may not mount a disk to fill')
  const { address } = await runa.start()
  const login = await fetch(address, { redirect: 'manual' })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const api = async (path: string, body?: unknown) => {
    const post = { method: 'POST', body: JSON.stringify(body) }
    const headers = { cookie, 'content-type': 'application/json' }
    return await fetch(new URL(path, address), { headers, ...(body === undefined ? {} : post) })
  }
  const letters = join(folder, 'letters')
  mkdirSync(letters)
  writeFileSync(join(letters, 'garden.md'), 'Aunt Ida planted the quince in the garden.\n')
  await runa.ask('ingest', letters, '--topic', 'letters')
  writeFileSync(join(letters, 'attic.md'), 'The attic holds the zither. '.repeat(8_000))

  const makeRoom = fill(join(disk, 'filler'))
  const { boards } = (await (await api('/api/boards')).json()) as { boards: { id: string; title: string }[] }
  const board = boards[0]?.id ?? ''
  const rename = { change: { kind: 'renameBoard', title: 'Renamed '.repeat(20) } }
  const refusals: [string, () => Promise<string>][] = [
    ['ingest', async () => (await runa.runa('ingest', letters, '--topic', 'letters')).stderr],
    ['ask', async () => (await runa.runa('ask', '--topic', 'letters', 'Who planted the quince?')).stderr],
    ['key', async () => (await runa.runa('key', 'create', 'mine')).stderr],
    ['board', async () => await (await api('/api/boards', { title: 'Another' })).text()],
    ['visited', async () => await (await api('/api/visited', {})).text()],
    // What is left of the last page of a file may still take some of them.
    ['change', () => untilRefused(() => api(`/api/boards/${board}/changes`, rename))],
  ]
  for (const [name, ask] of refusals) assert.match(await ask(), /DISK_FULL/, name)
  assert.match((await runa.runa('search', '--topic', 'letters', 'quince')).stdout, /Aunt Ida/)
  for (const name of ['conversation', 'threadwell', 'tieto', 'inference']) {
    assert.equal((await runa.runa('restart', name)).status, 0, `${name} starts on a full disk`)
  }

  makeRoom()
  assert.equal((await api(`/api/boards/${board}/changes`, rename)).status, 200)
  assert.equal((await runa.ask('ingest', letters, '--topic', 'letters'))['stored'], 1)
  const { citations } = await runa.ask('ask', '--topic', 'letters', 'Who planted the quince?')
  assert.ok((citations as Citation[]).some(({ text }) => text.includes('Aunt Ida')))
})

async function untilRefused(ask: () => Promise<Response>): Promise<string> {
  for (;;) {
    const answer = await ask()
    const text = await answer.text()
    if (!answer.ok) return text
  }
}
