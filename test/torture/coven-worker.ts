// Stores secrets until it is killed, and says on stdout which of them it was told are safe: coven-worker.js ROLE FOLDER
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { createCoven, openCoven } from '#kernel/coven'

const NAMES = 8
const [role, folder = ''] = process.argv.slice(2)
const opened = await openCoven({ folder: join(folder, 'vault') })
const coven = createCoven(opened)

writeSync(1, 'ready\n')
for (let number = opened.vault.revision() + 1; ; number += 1) {
  const name = `name-${number % NAMES}`
  const value = Buffer.alloc(4 + (number % 5) * 12_000, number & 0xff)
  value.writeUInt32LE(number)
  // The planted fault: it believes what is only on its way to the disk.
  if (role === 'hasty') writeSync(1, `${name} ${number}\n`)
  await coven.set({ name, service: 'torture' }, value)
  if (role !== 'hasty') writeSync(1, `${name} ${number}\n`)
}
