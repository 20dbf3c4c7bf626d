import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { FailureCause } from '#protocol'
import { armIn, type Outcome } from './fault-cases.ts'
import { createFaultStage, type FaultStage, faultSpec } from './fault-stage.ts'

/** One that needs more than a worker: a disk, a group, a second service. Undefined where this user may not make it. */
export type SpecialFault = (folder: string) => Promise<Outcome | undefined>

const worker = (folder: string, fault: string, detail = '', changes = {}) =>
  faultSpec('worker', folder, { ...changes, environment: { FAULT: fault, DETAIL: detail } })

const runs = (stage: FaultStage, name = 'worker') => stage.state(name) === 'running'

async function told(
  name: string,
  cause: FailureCause,
  stage: FaultStage,
  judge: () => Promise<string>,
): Promise<Outcome> {
  try {
    void stage.supervisor.start()
    const worse = await judge()
    return { name, cause, named: stage.cause('worker') ?? 'nothing', worse }
  } finally {
    await stage.close()
  }
}

const DISK_BYTES = 4 * 2 ** 20

/** A disk of its own that is full; once there is room, the service has to come back by itself. */
function fullDisk(name: string, command: (disk: string) => readonly string[]): SpecialFault {
  return async (folder) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'runa-fault', disk])
    if (mounted.status !== 0) return undefined
    try {
      armIn(folder)
      const filler = join(disk, 'filler')
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096', 'status=none'])
      const stage = createFaultStage(
        folder,
        [worker(folder, 'run@start', JSON.stringify(command(disk)))],
        disk,
      )
      return await told(name, 'disk-full', stage, async () => {
        const isWaiting = () => stage.wasTold('worker', /once there is room/)
        if (!(await stage.until(isWaiting, 15_000))) return 'not noticed'
        rmSync(filler)
        rmSync(join(folder, 'armed'))
        return (await stage.until(() => runs(stage), 20_000)) ? '' : 'did not come back'
      })
    } finally {
      spawnSync('umount', ['-l', disk])
    }
  }
}

const GROUPS = '/sys/fs/cgroup/memory'
const GROUP_BYTES = 120 * 2 ** 20

/** A group of processes with a limit of memory, in which the kernel ends the one that takes too much. */
function killedForMemory(name: string, cause: FailureCause, kind: 'service' | 'model'): SpecialFault {
  return async (folder) => {
    const group = join(GROUPS, `runa-fault-${process.pid}-${kind}-${name.length}`)
    try {
      mkdirSync(group)
      writeFileSync(join(group, 'memory.limit_in_bytes'), String(GROUP_BYTES))
    } catch {
      return undefined
    }
    try {
      armIn(folder)
      const enter = `echo $PPID > ${join(group, 'cgroup.procs')}`
      const moment = kind === 'model' ? 'start' : 'ready'
      const spec = worker(folder, `once-grab@${moment}`, '', { kind })
      const stage = createFaultStage(folder, kind === 'model' ? [] : [enterFirst(spec, enter)])
      if (kind === 'model') stage.supervisor.add(enterFirst(spec, enter)).start()
      return await told(name, cause, stage, async () => {
        if (moment === 'ready' && !(await stage.until(() => runs(stage), 15_000))) return 'never ran'
        writeFileSync(join(folder, 'now'), '')
        const isOver = () => stage.cause('worker') !== undefined
        if (!(await stage.until(isOver, 20_000))) return 'not noticed'
        if (kind === 'model') stage.supervisor.find('worker').start()
        return (await stage.until(() => runs(stage), 20_000)) ? '' : 'did not come back'
      })
    } finally {
      removeGroup(group)
    }
  }
}

/** The worker puts itself into the group before it does anything. */
function enterFirst<Spec extends { environment: Readonly<Record<string, string>> }>(
  spec: Spec,
  enter: string,
): Spec {
  return { ...spec, environment: { ...spec.environment, ENTER: enter } }
}

function removeGroup(group: string): void {
  try {
    rmdirSync(group)
  } catch {
    // Who was just killed in it is still leaving: an empty group harms nobody.
  }
}

/** What an earlier Runa has left on a port: it is ended, and the service started again. */
const orphanOnPort: SpecialFault = async (folder) => {
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const address = free.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await new Promise((resolve) => free.close(resolve))
  const program = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('listens'))`
  const orphan = spawn(process.execPath, ['-e', program], {
    env: { RUNA_SERVICE: 'worker', RUNA_HOME: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(orphan.stdout, 'data')
  armIn(folder)
  const stage = createFaultStage(folder, [worker(folder, 'listen@start', String(port))])
  return await told('an orphan has the port', 'port-taken', stage, async () => {
    const isBack = await stage.until(() => stage.cause('worker') !== undefined && runs(stage), 20_000)
    orphan.kill('SIGKILL')
    return isBack ? '' : `did not come back: ${stage.state('worker')}`
  })
}

/** One dies of another that it needs, and has to wait for that one. */
function needLost(name: string, fault: string, detail: string): SpecialFault {
  return async (folder) => {
    const [own, base] = [join(folder, 'own'), join(folder, 'base')]
    for (const place of [own, base]) armIn(place)
    const lost = join(folder, 'lost')
    writeFileSync(lost, '')
    const needed = faultSpec('base', base, { environment: { FAULT: 'read@start', DETAIL: lost } })
    const stage = createFaultStage(folder, [
      { ...needed, environment: { ...needed.environment, FOLDER: base, BEATS: folder } },
      {
        ...worker(own, fault, detail, { needs: ['base'] }),
        environment: { FOLDER: own, BEATS: folder, FAULT: fault, DETAIL: detail },
      },
    ])
    return await told(name, 'dependency-down', stage, async () => {
      if (!(await stage.until(() => runs(stage), 15_000))) return 'never ran'
      rmSync(lost)
      process.kill(stage.supervisor.find('base').standing().process?.pid ?? 0, 'SIGKILL')
      if (!(await stage.until(() => stage.state('base') === 'failed', 15_000))) return 'base was not missed'
      writeFileSync(join(own, 'now'), '')
      if (!(await stage.until(() => stage.state('worker') === 'waiting', 15_000))) return 'did not wait'
      rmSync(join(own, 'armed'))
      writeFileSync(lost, '')
      const both = () => runs(stage) && runs(stage, 'base')
      return (await stage.until(both, 20_000)) ? '' : `did not come back: ${stage.state('worker')}`
    })
  }
}

export const SPECIAL_FAULTS: readonly SpecialFault[] = [
  fullDisk('Node: ENOSPC', (disk) => [
    process.execPath,
    '-e',
    `require('node:fs').writeFileSync('${join(disk, 'more')}', Buffer.alloc(99999))`,
  ]),
  fullDisk('cat: no space left', (disk) => [
    'sh',
    '-c',
    `cat /proc/self/maps > ${join(disk, 'more')} || exit 1`,
  ]),
  fullDisk('Python: no space left', (disk) => [
    'python3',
    '-c',
    `open('${join(disk, 'more')}', 'w').write('x' * 99999)`,
  ]),
  fullDisk('SIGBUS: mapped beyond the room', (disk) => [
    'python3',
    '-c',
    `import mmap; f = open('${join(disk, 'more')}', 'w+b'); f.truncate(9999); mmap.mmap(f.fileno(), 9999).write(b'x' * 9999)`,
  ]),
  ...(existsSync(GROUPS)
    ? [
        killedForMemory('the kernel ends it', 'out-of-memory', 'service'),
        killedForMemory('the kernel ends a model', 'model-too-big', 'model'),
      ]
    : []),
  orphanOnPort,
  needLost('ECONNREFUSED of its need', 'say@ready', 'Error: connect ECONNREFUSED 127.0.0.1:9'),
  needLost('SERVICE_LOST', 'say@ready', 'worker cannot start: base is lost. [SERVICE_LOST]\nWait.'),
  needLost('status 1 without its need', 'exit@ready', '1'),
]
