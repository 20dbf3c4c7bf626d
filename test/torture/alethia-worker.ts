// Remembers turns and forgets some of them until it is killed, and says on stdout what it was told is done.
import { writeSync } from 'node:fs'
import { openAlethia } from '#knowledge/alethia'
import { createUuidV7 } from '#protocol'

const [role, folder = '', key = ''] = process.argv.slice(2)
const hasty = role === 'hasty'
const alethia = await openAlethia(folder, { masterKey: Buffer.from(key, 'hex') })
const thread = createUuidV7()
const FORGET_EVERY = 3

/** The planted fault: it believes what is only on its way to the disk. */
async function say(what: string, deed: () => Promise<unknown>): Promise<void> {
  if (hasty) writeSync(1, `${what}\n`)
  await deed()
  if (!hasty) writeSync(1, `${what}\n`)
}

writeSync(1, 'ready\n')
for (let count = 1; ; count += 1) {
  const id = createUuidV7()
  // Of very different lengths, so that deaths fall into the middle of large writes as well.
  const text = `said ${id} ${'word '.repeat(count % 7 === 0 ? 20_000 : count % 50)}`
  await say(`remembered ${id}`, () =>
    alethia.remember({ id, thread, utterances: [{ speaker: 'you', text }] }),
  )
  if (count % FORGET_EVERY !== 0) continue
  const choice = { turns: [id] }
  const { confirm } = await alethia.forget(choice)
  await say(`forgotten ${id}`, () => alethia.forget(choice, confirm))
}
