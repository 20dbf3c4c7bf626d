// Moves threads of an earlier Runa into a memory until it is killed.
import { writeSync } from 'node:fs'
import { openMigration } from './migration.ts'

const [role, threads = '', memory = ''] = process.argv.slice(2)
writeSync(1, 'ready\n')
// The planted fault: it believes what is only on its way to the disk.
await openMigration(threads, memory, role === 'hasty')
setInterval(() => {}, 1_000)
