import { setTimeout as sleep } from 'node:timers/promises'
import { loadPlan } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { gilgulContract, RunaError, type ServiceStatus } from '#protocol'
import { withRuna } from '../connection.ts'
import { plural, print } from '../output.ts'

interface Options {
  readonly json: boolean
}

/** What scripts that check before they act look at. */
const EXIT_WRONG = 2

/**
 * Says what is wrong with runa.yaml and services/*.yaml, or with the files that are named, each with its place. Changes
 * nothing, and needs no Runa.
 */
export async function checkSpecs(files: readonly string[], { json }: Options): Promise<void> {
  const { checkFiles, checkPlan, describeMistake } = await loadPlan()
  const { names, mistakes } = await (files.length > 0
    ? checkFiles(files, homePaths())
    : checkPlan(homePaths()))
  const right =
    files.length > 0
      ? `${plural(files.length, 'file')}: nothing is wrong.`
      : `${plural(names.length, 'service')} of your own: ${names.join(', ') || 'none'}. Nothing is wrong.`
  print({ services: names, mistakes }, json, mistakes.map(describeMistake).join('\n') || right)
  if (mistakes.length > 0) process.exitCode = EXIT_WRONG
}

const CHANGE_MS = 60_000
const LOOK_EVERY_MS = 100
const SETTLED = ['running', 'asleep', 'failed', 'stopped']

/** Has Runa take up what is written now. What it does not touch goes on running. */
export async function applySpecs({ json }: Options): Promise<void> {
  const before = await withRuna([], async ({ client, signal }) => {
    const { services } = await client(gilgulContract).status({}, { signal })
    await client(gilgulContract).apply({}, { signal })
    return services
  })
  const after = await settled(pidOf(before, 'gilgul'))
  const change = compare(before, after)
  const told = Object.entries(change).map(([what, names]) => `${what}: ${names.join(', ') || 'none'}`)
  print(change, json, told.join('\n'))
}

/** Once another gilgul answers, and nothing is on its way. */
async function settled(formerPid: number | null): Promise<readonly ServiceStatus[]> {
  const deadlineMs = performance.now() + CHANGE_MS
  while (performance.now() < deadlineMs) {
    const services = await withRuna([], ({ client, signal }) => client(gilgulContract).status({}, { signal }))
      .then((status) => status.services)
      .catch((error: unknown) => {
        if (error instanceof RunaError && error.code === 'CANCELLED') throw error
        return []
      })
    const isNew = services.length > 0 && pidOf(services, 'gilgul') !== formerPid
    if (isNew && services.every(({ state }) => SETTLED.includes(state))) return services
    await sleep(LOOK_EVERY_MS)
  }
  throw new RunaError('DEADLINE_EXCEEDED', 'Not everything runs yet: `runa status` says what is waited for.')
}

function compare(before: readonly ServiceStatus[], after: readonly ServiceStatus[]) {
  const names = (services: readonly ServiceStatus[]) =>
    services.map(({ name }) => name).filter((name) => name !== 'gilgul')
  const [old, now] = [names(before), names(after)]
  const both = now.filter((name) => old.includes(name))
  const isSame = (name: string) => pidOf(before, name) === pidOf(after, name)
  return {
    started: now.filter((name) => !old.includes(name)),
    stopped: old.filter((name) => !now.includes(name)),
    restarted: both.filter((name) => !isSame(name)),
    untouched: both.filter(isSame),
  }
}

function pidOf(services: readonly ServiceStatus[], wanted: string): number | null {
  return services.find(({ name }) => name === wanted)?.pid ?? null
}
