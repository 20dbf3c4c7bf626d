import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadPolicyFolders } from './folder.ts'

function policyText(id: string, reply: string): string {
  return `id: ${id}
version: 1
rules:
  - id: stop
    dimension: ends
    direction: input
    severity: high
    action: block
    reply: '${reply}'
    patterns: [end of talk]
    examples: { match: [end of talk], noMatch: [the end] }
`
}

const contactsOf = (call: string) => `contacts: [{ where: Here, name: Somebody, call: '${call}' }]\n`

test('the owner’s files replace what ships, by name, and so do the contacts', async () => {
  const root = await mkdtemp(join(tmpdir(), 'runa-policies-'))
  try {
    const [shipped, own, missing] = ['shipped', 'own', 'missing'].map((name) => join(root, name))
    assert.ok(shipped && own && missing)
    await mkdir(shipped)
    await mkdir(own)
    await writeFile(join(shipped, 'default.yaml'), policyText('default', 'Call {contacts}'))
    await writeFile(join(shipped, 'contacts.yaml'), contactsOf('1'))
    const repliesOf = async (...folders: string[]) =>
      (await loadPolicyFolders(folders)).map((policy) => `${policy.id}: ${policy.rules[0]?.reply}`)
    assert.deepEqual(await repliesOf(shipped, missing), ['default: Call - Here: 1 (Somebody)'])

    await writeFile(join(own, 'contacts.yaml'), contactsOf('2'))
    await writeFile(join(own, 'notes.txt'), 'not a policy')
    await writeFile(join(own, 'house.yaml'), policyText('house', 'No.'))
    assert.deepEqual(await repliesOf(shipped, own), ['default: Call - Here: 2 (Somebody)', 'house: No.'])

    await writeFile(join(own, 'default.yaml'), policyText('default', 'Mine.'))
    assert.deepEqual(await repliesOf(shipped, own), ['default: Mine.', 'house: No.'])

    await writeFile(join(own, 'house.yaml'), 'rules: [')
    await assert.rejects(loadPolicyFolders([shipped, own]), {
      code: 'POLICY_INVALID',
      message: /own\/house\.yaml: Line 1/,
    })
    await assert.rejects(loadPolicyFolders([missing]), { code: 'POLICY_INVALID', message: /no policy/ })
    await assert.rejects(loadPolicyFolders([join(own, 'house.yaml')]), { code: 'POLICY_INVALID' })
  } finally {
    await rm(root, { recursive: true })
  }
})
