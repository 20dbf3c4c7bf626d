import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { describeMistake } from '#kernel/config'
import { homePaths } from '#kernel/home'
import { SERVICES } from '../spec/service-table.ts'
import { checkFiles, checkPlan, readPlan } from './plan.ts'

function homeWith(context: TestContext, files: Readonly<Record<string, string>>) {
  const home = mkdtempSync(join(tmpdir(), 'runa-plan-'))
  context.after(() => rmSync(home, { recursive: true }))
  mkdirSync(join(home, 'services'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text)
  return { ...homePaths(home), told: tellIn(home) }
}

/** Mistakes with paths that begin in that folder. */
function tellIn(home: string) {
  return ({ mistakes }: Awaited<ReturnType<typeof checkPlan>>) =>
    mistakes.map((one) => describeMistake(one).replace(`${home}/`, ''))
}

test('what nobody has written is right, and wants what Runa has', async (context) => {
  const paths = homeWith(context, {})
  assert.deepEqual(await checkPlan(paths), { names: [], mistakes: [] })
  const { own, config } = await readPlan(paths)
  assert.deepEqual([own, config.services], [[], {}])
})

test('the files of the owner become services like any other, with what they leave out as Runa has it', async (context) => {
  const paths = homeWith(context, {
    'services/mine.yaml': [
      'command: [sleep, "9"]',
      'needs: [tieto]',
      'readySeconds: 3',
      'memoryBytes: 1000000',
      'secrets: [mine.token]',
      'onFailure: {crash: [give-up]}',
      'isolation: {kind: none}',
    ].join('\n'),
  })
  const [mine] = (await readPlan(paths)).own
  const model = SERVICES[0]
  assert.deepEqual(
    { ...mine, readiness: undefined, liveness: undefined },
    {
      ...{ name: 'mine', kind: 'service', main: 'sleep', command: ['sleep', '9'], needs: ['tieto'] },
      ...{ speaks: [], secrets: [], environment: {}, nodeFlags: [], missedBeatsMax: 10 },
      ...{ readyMs: 3_000, stopMs: model?.stopMs, restart: model?.restart, idleMs: 600_000 },
      ...{ memoryBytes: 1_000_000, grants: ['mine.token'], start: 'always' },
      ...{ onFailure: { crash: ['give-up'] }, readiness: undefined, liveness: undefined },
      isolation: mine?.isolation,
    },
  )
  assert.equal(mine?.isolation?.kind, 'none')
})

test('mistakes are found in all files at once, and keep everything from starting', async (context) => {
  const paths = homeWith(context, {
    'runa.yaml': 'face: {port: many}\nservices:\n  snarff: {}\n',
    'services/a.yaml': 'comand: [a]\n',
  })
  assert.deepEqual(paths.told(await checkPlan(paths)), [
    'runa.yaml:1:8: face.port: must be a number',
    'runa.yaml:3:3: services.snarff: there is no such field. Did you mean snarf?',
    'services/a.yaml:1:1: command: is a list: the program and its arguments, such as ["python3", "mine.py"]',
    'services/a.yaml:1:1: comand: there is no such field. Did you mean command?',
  ])
  await assert.rejects(readPlan(paths), {
    code: 'CONFIG_INVALID',
    message: /runa\.yaml:1:8.*a\.yaml:1:1.*mean command\?$/,
  })
})

test('needs and programs are looked for once all can be read', async (context) => {
  const paths = homeWith(context, {
    'runa.yaml': 'services:\n  tieto: {command: [none-such], needs: [mine]}\n  snarf: {needs: [minne]}\n',
    'services/mine.yaml': 'command: [a]\nneeds: [conversation, gilgul]\n',
  })
  assert.deepEqual(paths.told(await checkPlan(paths)), [
    "services/mine.yaml:2:23: needs.1: there is no service 'gilgul'",
    'services/mine.yaml:2:1: needs: mine needs itself, by way of others',
    'runa.yaml:2:33: services.tieto.needs: tieto needs itself, by way of others',
    "runa.yaml:3:19: services.snarf.needs.0: there is no service 'minne'. Did you mean mine?",
    'runa.yaml:2:3: services.conversation.needs: conversation needs itself, by way of others',
    "runa.yaml:2:11: services.tieto.command: there is no program 'none-such' that can be run",
  ])
})

test('files are looked at wherever they lie, and need what is there or what is looked at with them', async (context) => {
  const paths = homeWith(context, {
    'services/there.yaml': 'command: [a]\n',
    'new.yaml': 'command: [a]\nneeds: [there, tieto, newer, newest]\n',
    'newer.yaml': 'command: [a]\n',
    'wrong.yaml': 'command: a\n',
  })
  const check = async (...names: string[]) =>
    paths.told(
      await checkFiles(
        names.map((name) => join(paths.home, name)),
        paths,
      ),
    )
  assert.deepEqual(await check('new.yaml', 'newer.yaml'), [
    "new.yaml:2:30: needs.3: there is no service 'newest'. Did you mean newer?",
  ])
  assert.match(
    (await check('wrong.yaml', 'none.yaml')).join(),
    /wrong.yaml:1:1: .*none.yaml:1:1: cannot be read/,
  )
})
