import { join } from 'node:path'
import type { HomePaths } from '#kernel/home'
import { createBusTransport, createRousing, releaseAtRest, serve, type Transport } from '#kernel/service'
import { gilgulContract } from '#protocol'
import { type Admission, type AdmissionOptions, createAdmission } from './admission/admission.ts'
import { openPeaks } from './admission/peaks.ts'
import { adoptServices } from './adoption/adopt.ts'
import { BIRTH } from './ancestry/birth-names.ts'
import type { Estate } from './estate/estate.ts'
import { heedFiles } from './heeding.ts'
import { openHistory, type Told } from './history/history.ts'
import { describeRise } from './history/rise.ts'
import { watchKeepers } from './history/watch-keepers.ts'
import { inquestOf } from './inquest.ts'
import { confineHere } from './isolation/here.ts'
import { logPath } from './keeping/launch.ts'
import { rotateLog } from './keeping/log-rotation.ts'
import { takePulse } from './keeping/pulse.ts'
import { tendSleepers } from './keeping/sleepers.ts'
import { createSupervisor, type Supervisor } from './keeping/supervisor.ts'
import { note } from './note.ts'
import { probeHere } from './own/here.ts'
import type { Realm, RunOptions } from './realm.ts'
import { createChronicle } from './run-state/chronicle.ts'
import { addressOf } from './run-state/page-address.ts'
import { runFiles } from './run-state/run-state.ts'
import { keepCompany } from './secrets/company.ts'
import { createGilgul, describeKeeper, type GilgulOptions } from './service.ts'

/** At how large logs and models have grown. */
const LOOK_EVERY_MS = 10_000

/**
 * Keeps the services until everything is to be stopped, and stops them then. Rejects with what kept a first start from
 * coming up.
 */
export async function govern(options: RunOptions, realm: Realm): Promise<void> {
  const { stopping } = options
  const { bus, paths, left } = realm
  const transport = createBusTransport(bus)
  const confining = confineHere({ paths, config: realm.config, busPath: bus.path }, process.env['PATH'] ?? '')
  const chronicle = createChronicle(options, realm)
  const history = openHistory({
    folder: paths.logs,
    // An event is news, not a promise: where the bus is full or closing, it is left out.
    onTold: (happening) => leaveOut(() => service.emit('happened', happening)),
  })
  const watch = watchKeepers({ birthsBefore: birthsIn(left), tell: history.tell })
  const admission = admissionIn(paths, () => supervisor.keepers(), history.tell)
  const supervisor = createSupervisor({
    specs: options.services,
    before: left?.services ?? {},
    beforeBirth: () => chronicle.leave(supervisor),
    held: realm.secrets.held,
    ...inquestOf(realm, { confining, tell: history.tell, admission, keepers: () => supervisor.keepers() }),
    shrink(spec) {
      const less = spec.settings && admission.shrink(spec.name, spec.settings)
      return less && options.modelSpec(spec.name, less)
    },
    onChange(name) {
      const keeper = supervisor.find(name)
      chronicle.tell(supervisor, keeper)
      watch.look(keeper)
      company.look()
      sleepers.look(keeper)
      pulse.quicken()
      void describeKeeper(keeper, confining.describe)
        .then((status) => service.emit('changed', status))
        .catch(() => {})
    },
  })
  const company = keepCompany({
    ...{ realm, options, supervisor, chronicle },
    tell: (ended) => leaveOut(() => service.emit('leaseEnded', ended)),
  })
  const heeding = heedFiles({ ...realm, stopping: stopping.signal, tell: history.tell })
  const parts = { supervisor, admission, heeding, describe: confining.describe }
  const service = serve(gilgulContract, handlersOf(options, realm, parts), transport)
  const sleepers = tendSleepers(supervisor, createRousing(bus.store))
  const pulse = takePulse(supervisor, bus.members)
  const endLooks = lookNowAndThen(realm, transport, supervisor, admission)
  if (left?.stopping) stopping.abort()

  try {
    history.tell(describeRise(process.env, left !== undefined))
    await company.open()
    if (left) await takeUp(left, supervisor, options, { paths, tell: history.tell })
    chronicle.begin(supervisor)
    for (const keeper of supervisor.keepers()) sleepers.look(keeper)
    const address = (wasUp: boolean) => addressOf(supervisor, transport, wasUp || isSealed(realm))
    await raise(supervisor, realm, stopping.signal, async (wasUp) =>
      chronicle.ready(supervisor, await address(wasUp)),
    )
  } finally {
    chronicle.leave(supervisor)
    await supervisor.stop()
    await company.close()
    for (const end of [endLooks, pulse.end, sleepers.end, heeding.end]) end()
    history.tell({ kind: 'ended', service: 'gilgul', pid: process.pid, text: 'Everything was stopped.' })
    await history.close()
    await admission.close()
    await service.stop()
    transport.close()
    await chronicle.end()
  }
}

function admissionIn(
  paths: HomePaths,
  keepers: AdmissionOptions['keepers'],
  tell: AdmissionOptions['tell'],
): Admission {
  const peaks = openPeaks(join(paths.run, 'peaks.json'), (error) => note('peaks', String(error)))
  return createAdmission({ peaks, keepers, tell })
}

/** At logs, at the memory of models, and at how programs of the owner are. */
function lookNowAndThen(
  realm: Realm,
  transport: Transport,
  supervisor: Supervisor,
  admission: Admission,
): () => void {
  const rotation = setInterval(() => {
    void rotateLogs(supervisor, realm.paths.logs)
    admission.measure()
  }, LOOK_EVERY_MS)
  const endProbing = probeHere(realm, transport, () => supervisor.keepers())
  const endRest = releaseAtRest()
  return () => {
    endRest()
    clearInterval(rotation)
    endProbing()
  }
}

/** Starts everything that can be started, and what could not be as soon as the vault is open. Resolves at the stop. */
async function raise(
  supervisor: Supervisor,
  { secrets, left }: Realm,
  stopping: AbortSignal,
  onSettled: (wasUp: boolean) => Promise<void>,
): Promise<void> {
  const stopped = fired(stopping)
  for (let wasUp = left !== undefined; !stopping.aborted; wasUp = true) {
    const opened = secrets.opened()
    await Promise.race([supervisor.start(), stopped])
    if (!stopping.aborted) await onSettled(wasUp)
    await Promise.race([opened, stopped])
  }
}

function isSealed({ secrets }: Realm): boolean {
  return secrets.covenState() === 'sealed'
}

function handlersOf(
  { modelSpec, stopping }: RunOptions,
  { bus, secrets }: Realm,
  parts: Pick<GilgulOptions, 'supervisor' | 'admission' | 'heeding' | 'describe'>,
) {
  return createGilgul({
    ...{
      ...parts,
      modelSpec,
      secrets: secrets.handlers,
      covenState: secrets.covenState,
      secretMemory: secrets.memory,
      held: secrets.held,
    },
    busSealed: bus.seals !== 'nothing',
    restarts: Number(process.env[BIRTH.restarts] ?? 0),
    startedAt: Date.now(),
    shutDown: () => stopping.abort(),
  })
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Takes up what an earlier gilgul has started. What it started from an older description is started anew. */
async function takeUp(
  left: Estate,
  supervisor: Supervisor,
  { modelSpec, exits }: RunOptions,
  { paths, tell }: { readonly paths: HomePaths; readonly tell: (told: Told) => void },
): Promise<void> {
  const respecified = (service: string, text: string) => tell({ kind: 'respecified', service, text })
  await adoptServices({
    ...{ left, exits, supervisor, worldLock: runFiles(paths).worldLock },
    addModel: (name, settings) => void supervisor.add(modelSpec(name, settings)),
    onOutdated(keeper) {
      respecified(keeper.spec.name, 'What it is started from was changed: it is started anew.')
      void keeper.stop().then(() => keeper.start())
    },
    onUnwanted: (name) => respecified(name, 'Nothing describes it any more: it ends.'),
  })
}

function birthsIn(left: Estate | undefined): Map<string, number> {
  return new Map(Object.entries(left?.services ?? {}).map(([name, { birth }]) => [name, birth]))
}

function leaveOut(emit: () => void): void {
  try {
    emit()
  } catch {}
}

async function rotateLogs(supervisor: Supervisor, logs: string): Promise<void> {
  const names = ['gilgul', ...supervisor.keepers().map((keeper) => keeper.spec.name)]
  for (const name of names) {
    await rotateLog(logPath(logs, name)).catch((error) => note('logs', String(error)))
  }
}
