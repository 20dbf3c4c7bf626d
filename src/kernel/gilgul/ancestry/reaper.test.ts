import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const MODULES = ['../../sys/index.js', './reaper.js'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
)

/** Has two children: one that Node waits for, and one that loses its parent. The orphan ends first. */
const PROGRAM = `
  import { spawn } from 'node:child_process'
  import { adoptOrphans } from '${MODULES[0]}'
  import { createReaper } from '${MODULES[1]}'
  adoptOrphans()
  const own = spawn('sh', ['-c', 'read line; exit 5'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const parent = spawn('sh', ['-c', '(sleep 0.1; exit 6) & echo $!'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const reaper = createReaper((pid) => pid === own.pid || pid === parent.pid, ({ process: { pid }, code, signal }) => {
    console.log(JSON.stringify({ pid, code, signal, kept: reaper.exits.length }))
    own.stdin.end()
  })
  own.on('exit', (code) => { console.log(JSON.stringify({ own: code })); reaper.close(); process.exit() })
  parent.stdout.on('data', (text) => console.log(JSON.stringify({ orphan: Number(text) })))
`

test('the status of an orphan is taken, and those of own children are left to Node', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (text: Buffer) => {
    said += text
  })
  await once(child, 'close')
  const lines = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const orphan = lines.find((line) => 'orphan' in line)?.['orphan']
  assert.equal(typeof orphan, 'number')
  assert.deepEqual(
    lines.filter((line) => 'pid' in line),
    [{ pid: orphan, code: 6, signal: null, kept: 1 }],
  )
  assert.deepEqual(lines.at(-1), { own: 5 })
})
