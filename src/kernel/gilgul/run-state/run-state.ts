import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HomePaths } from '#kernel/home'
import { bootId, type Identity } from '../identity.ts'

/** What run/runa.json tells whoever looks for a running Runa. It is a hint: the locks are the truth. */
export interface RunState {
  readonly version: 1
  readonly bootId: string
  /** Path of the bus. */
  readonly bus: string
  /** `http://127.0.0.1:PORT`, without any token; empty until the page can be reached. */
  readonly url: string
  readonly ancestor: Identity
  readonly gilgul: Identity
  readonly services: Readonly<Record<string, KeptService>>
}

export interface KeptService {
  /** Null while it does not run. */
  readonly process: Identity | null
  readonly restarts: number
}

export interface RunFiles {
  readonly state: string
  /** Held by the ancestor and its gilgul for as long as one of them lives. */
  readonly lock: string
  /** Held by a gilgul and its services for as long as one of them lives. */
  readonly worldLock: string
}

export function runFiles({ run }: HomePaths): RunFiles {
  return {
    state: join(run, 'runa.json'),
    lock: join(run, 'runa.lock'),
    worldLock: join(run, 'world.lock'),
  }
}

/** Undefined where there is none, where it cannot be understood, or where the machine was started anew since. */
export function readRunState(path: string): RunState | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isRunState(state) && state.bootId === bootId() ? state : undefined
  } catch {
    return undefined
  }
}

// By hand, since the process that outlives gilgul reads it, and is to stay small: no schema library there.
function isRunState(value: unknown): value is RunState {
  if (!isRecord(value) || value['version'] !== 1) return false
  const texts = [value['bootId'], value['bus'], value['url']]
  const services = value['services']
  return (
    texts.every((text) => typeof text === 'string') &&
    isIdentity(value['ancestor']) &&
    isIdentity(value['gilgul']) &&
    isRecord(services) &&
    Object.values(services).every(isKeptService)
  )
}

function isKeptService(value: unknown): boolean {
  if (!isRecord(value) || !Number.isInteger(value['restarts'])) return false
  return value['process'] === null || isIdentity(value['process'])
}

function isIdentity(value: unknown): boolean {
  return isRecord(value) && Number.isInteger(value['pid']) && Number.isInteger(value['startTicks'])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** For whoever wants to start a second one. */
export function runningSentence(running: RunState | undefined): string {
  if (!running) return 'Runa is already starting with this RUNA_HOME.'
  const where = running.url === '' ? '' : ` at ${running.url}`
  return `Runa is already running with this RUNA_HOME${where} (process ${running.ancestor.pid}).`
}
