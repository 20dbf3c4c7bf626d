import { chmodSync, chownSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceStatus } from '#protocol'
import type { ServiceSpec } from '../spec/spec.ts'
import type { Wrapping } from './confined.ts'
import type { Groups } from './groups.ts'
import { isolate, requireAll } from './isolate.ts'
import type { Machine } from './machine.ts'
import { observe, observeRlimits } from './observe.ts'
import { putFile } from './put-file.ts'
import { rlimitsFor, sayLack } from './rlimits.ts'
import { type Isolation, isolationSchema, type Limits } from './settings.ts'
import type { View } from './views.ts'

/** How a process of a service is to be started so that it is kept apart, and within its limits. */
interface Confinement {
  /** The program, and its arguments. */
  readonly words: readonly [string, ...string[]]
  /** On top of what the service gets. */
  readonly environment: Readonly<Record<string, string>>
}

/** What is in force for a service, and what is not although it was asked for. */
type ConfinementStatus = NonNullable<ServiceStatus['confinement']>

export interface Confining {
  /** Makes ready what the process needs: folders, files, a group. Throws ISOLATION_MISSING. */
  confine(spec: ServiceSpec, words: readonly [string, ...string[]]): Confinement
  /** To be called after a death: ends whatever is left of it. A sentence where it died of its limits. */
  bury(spec: ServiceSpec): string | undefined
  /** Undefined where nothing was asked for. */
  describe(spec: ServiceSpec, pid: number | undefined): ConfinementStatus | undefined
}

export interface ConfiningOptions {
  readonly machine: Machine
  /** Undefined where this user may make none. Asked once something has limits. */
  readonly groups: () => Groups | undefined
  /** RUNA_HOME. */
  readonly home: string
  /** Of a service of Runa itself: what it has to reach. Undefined of programs of the owner. */
  readonly view: (spec: ServiceSpec) => View | undefined
  readonly note: (name: string, text: string) => void
}

/** Goes into each group that it is told of, and becomes what is told behind them. */
const ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift; exec "$@"'

const MEBIBYTE = 2 ** 20

/** Of who is not Runa's own. */
const NOT_ISOLATED: Isolation = isolationSchema.parse({})
/** Of Runa's own, where the owner says nothing. A kernel that cannot do it is no reason not to run. */
const BY_DEFAULT: Isolation = isolationSchema.parse({ kind: 'landlock', required: false })

export function createConfining(options: ConfiningOptions): Confining {
  const { groups, note, machine } = options
  /** By service: what was missing at its last start. */
  const lacks = new Map<string, readonly string[]>()
  /** By service: how often the kernel had ended something in its group before its last start. */
  const killsBefore = new Map<string, number>()

  function limit(spec: ServiceSpec): { doors: readonly string[]; words: string[]; missing: string[] } {
    const { name, limits = {} } = spec
    if (!isLimited(limits)) return { doors: [], words: [], missing: [] }
    const made = groups()?.make(name, limits)
    killsBefore.set(name, groups()?.look(name)?.memoryKills ?? 0)
    const left = made?.missing ?? (Object.keys(limits) as (keyof Limits)[])
    const { words, missing } = rlimitsFor(
      Object.fromEntries(left.map((what) => [what, limits[what]])),
      spec.isolation ?? NOT_ISOLATED,
      machine,
    )
    return { doors: made?.doors ?? [], words, missing }
  }

  return {
    confine(spec, words) {
      const wrapping = wrap(spec, words, options)
      const limited = limit(spec)
      const missing = [...(wrapping?.missing ?? []), ...limited.missing]
      if (spec.isolation?.required ?? true) requireAll(spec.name, limited.missing)
      const asked = spec.isolation === undefined ? limited.missing : missing
      for (const one of asked) note(spec.name, `It is not kept as was asked for: ${one}.`)
      lacks.set(spec.name, missing)
      prepare(spec.name, wrapping)
      const { doors } = limited
      const inside = spec.replacedBy === undefined ? (wrapping?.words ?? words) : words
      const entered = doors.length === 0 ? inside : enter(doors, spec.name, inside)
      if (spec.replacedBy === undefined) {
        const words = [...limited.words, ...entered] as [string, ...string[]]
        return { words, environment: wrapping?.environment ?? {} }
      }
      // The bridge is Runa's own, and speaks for the program. What it starts is what is kept apart.
      const command = [...limited.words, ...(wrapping?.words ?? spec.replacedBy)]
      const settings = { command, environment: wrapping?.environment ?? {} }
      return { words: entered, environment: { RUNA_SETTINGS: JSON.stringify(settings) } }
    },
    bury({ name, limits = {} }) {
      if (!isLimited(limits)) return undefined
      const state = groups()?.look(name)
      groups()?.end(name)
      if (state === undefined || state.memoryKills <= (killsBefore.get(name) ?? 0)) return undefined
      const most =
        limits.memoryBytes === undefined ? '' : `, ${Math.round(limits.memoryBytes / MEBIBYTE)} MiB`
      return `It came to its limit of memory${most}, and the kernel ended it.`
    },
    describe(spec, pid) {
      const { name, limits = {} } = spec
      const isolation = isolationOf(spec, options)
      if (isolation.kind === 'none' && !isLimited(limits)) return undefined
      const inForce = limitsOn(spec, pid, groups)
      return {
        isolation: isolation.kind,
        isDefault: spec.isolation === undefined && isolation.kind !== 'none',
        inForce:
          pid === undefined
            ? []
            : observe(pid, isolation.kind, isolation.network || options.view(spec)?.network === true),
        missing: [...(lacks.get(name) ?? lackOf(spec, inForce, options))],
        limits: inForce,
      }
    },
  }
}

/** The group's, and what each process has by itself beside. */
function limitsOn(
  spec: ServiceSpec,
  pid: number | undefined,
  groups: ConfiningOptions['groups'],
): ConfinementStatus['limits'] {
  const { limits = {} } = spec
  const found = pid === undefined || !isLimited(limits) ? undefined : groups()?.look(spec.name)
  const byGroup = limitsBy(`cgroup v${groups()?.version}`, found?.limits ?? {})
  const byProcess = limitsBy('rlimit, each process', pid === undefined ? {} : observeRlimits(pid))
  const isSet = (what: string) => byGroup.some((one) => one.what === what)
  return [...byGroup, ...byProcess.filter(({ what, limit }) => limits[what] === limit && !isSet(what))]
}

function isolationOf(spec: ServiceSpec, { view }: Pick<ConfiningOptions, 'view'>): Isolation {
  return spec.isolation ?? (view(spec)?.isDefault ? BY_DEFAULT : NOT_ISOLATED)
}

function wrap(
  spec: ServiceSpec,
  words: readonly [string, ...string[]],
  options: Pick<ConfiningOptions, 'home' | 'machine' | 'view'>,
): (Wrapping & { readonly words: readonly [string, ...string[]] }) | undefined {
  const { name, limits = {}, replacedBy } = spec
  const { home, machine } = options
  const isolation = isolationOf(spec, options)
  if (isolation.kind === 'none') return undefined
  // What stands between gilgul and a process that it watches would be what it watches.
  if (replacedBy === undefined && isolation.kind !== 'landlock') {
    const missing = [
      `only a program behind a bridge can be kept apart by ${isolation.kind}; others by landlock`,
    ]
    if (isolation.required) requireAll(name, missing)
    return { words, environment: {}, folders: [], files: [], missing }
  }
  const view = options.view(spec)
  const confined = {
    name,
    isolation,
    limits,
    command: replacedBy ?? words,
    descriptors: replacedBy ? DESCRIPTORS.slice(0, 1) : DESCRIPTORS,
    home,
    own: join(home, 'services', name),
  }
  const wrapping = isolate({ ...confined, ...(view && { view }) }, machine)
  const [program = '', ...rest] = wrapping.words
  return { ...wrapping, words: [program, ...rest] }
}

/** The world's lock, and what stands behind it: a birth, or a leash. A bridge hands on the first alone. */
const DESCRIPTORS = [3, 4]

const NO_WORDS = [''] as const

/** Of one that an earlier gilgul has started. It was started, so that nothing is missing that was required. */
function lackOf(
  spec: ServiceSpec,
  inForce: ConfinementStatus['limits'],
  options: ConfiningOptions,
): string[] {
  const { limits = {} } = spec
  const isolation = isolationOf(spec, options)
  if (isolation.required) return []
  const asked = Object.keys(limits) as (keyof Limits)[]
  const absent = asked.filter((what) => !inForce.some((one) => one.what === what))
  return [...(wrap(spec, NO_WORDS, options)?.missing ?? []), ...absent.map(sayLack)]
}

function isLimited(limits: Limits): boolean {
  return Object.values(limits).some((value) => value !== undefined)
}

function limitsBy(by: string, limits: Limits): ConfinementStatus['limits'] {
  const entries = Object.entries(limits) as [keyof Limits, number | undefined][]
  return entries.flatMap(([what, limit]) => (limit === undefined ? [] : [{ what, limit, by }]))
}

/** Under its name, since a program cannot be given another first word by a shell. */
function enter(
  doors: readonly string[],
  name: string,
  [program, ...words]: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  const title = program === process.execPath ? [`--title=runa-${name}`] : []
  return ['/bin/sh', '-c', ENTER, 'sh', ...doors, '--', program, ...title, ...words]
}

function prepare(name: string, wrapping: Wrapping | undefined): void {
  for (const { path, owner, mode = 0o711 } of wrapping?.folders ?? []) {
    // Users of their own have to pass the folders above.
    mkdirSync(path, { recursive: true, mode })
    if (owner) chownSync(path, owner.uid, owner.gid)
    if (path.endsWith(`/${name}`)) chmodSync(path, 0o700)
  }
  for (const path of wrapping?.journals ?? []) closeSync(openSync(path, 'a', 0o600))
  for (const { path, text } of wrapping?.files ?? []) putFile(path, Buffer.from(text))
}
