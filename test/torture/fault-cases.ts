import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FailureCause } from '#protocol'
import type { ServiceSpec } from '../../src/kernel/gilgul/spec/spec.ts'

/** What has to follow without a person, or with one where that is said. */
type Course =
  /** It comes back by itself. */
  | 'again'
  /** It is not started blindly, and comes back by itself once the fault is gone. */
  | 'waits'
  /** It is not started blindly, and a person starts it once the fault is gone. */
  | 'given-up'
  /** No failure at all. */
  | 'slow'
  /** It is tried so often as is borne, then given up. */
  | 'loops'

/** What became of one fault. */
export interface Outcome {
  readonly name: string
  readonly cause: string
  readonly named: string
  /** It did not come back as it should have, or somebody else was hurt, or it was tried blindly. */
  readonly worse: string
}

export interface Place {
  readonly folder: string
  /** A port that somebody else listens on, and one that nobody does. */
  readonly port: number
}

export interface FaultCase {
  readonly name: string
  /** Undefined where nothing has failed. */
  readonly cause: FailureCause | undefined
  readonly course: Course
  /** What the worker does, and when: KIND@MOMENT. */
  readonly fault: string
  readonly detail: (place: Place) => string
  readonly spec: (place: Place) => Partial<ServiceSpec>
  /** Brings the fault about, before the service is started. Returns how to take it away. */
  readonly prepare: (place: Place) => () => void
}

function fault(
  cause: FailureCause | undefined,
  course: Course,
  name: string,
  worker: string,
  changes: Partial<Pick<FaultCase, 'detail' | 'spec' | 'prepare'>> & { readonly says?: string } = {},
): FaultCase {
  const { says = '', ...others } = changes
  return {
    ...{ cause, course, name, fault: worker, detail: () => says, spec: () => ({}) },
    prepare: ({ folder }) => {
      const armed = join(folder, 'armed')
      return () => rmSync(armed, { force: true })
    },
    ...others,
  }
}

const inFolder =
  (name: string) =>
  ({ folder }: Place) =>
    join(folder, name)
const run = (words: (place: Place) => readonly string[]) => ({
  detail: (place: Place) => JSON.stringify(words(place)),
})
const shell = (line: string) => run(() => ['sh', '-c', line])
const python = (line: string) => run(() => ['python3', '-c', line])
const cannot = (code: string, sentence: string) => ({
  says: `worker cannot start: ${sentence} [${code}]\nLook into it.`,
})

/** Gone until it is written. */
const unwritten = (name: string, text = 'x') => ({
  prepare: (place: Place) => () => writeFileSync(inFolder(name)(place), text),
})
const written = (name: string, wrong: string | Buffer, right: string, mode = 0o600) => ({
  prepare: (place: Place) => {
    writeFileSync(inFolder(name)(place), wrong, { mode })
    return () => {
      writeFileSync(inFolder(name)(place), right)
      chmodSync(inFolder(name)(place), 0o755)
      rmSync(join(place.folder, 'armed'), { force: true })
    }
  },
})

const model = (name: string, weightsBytes: number) => ({
  spec: (place: Place) => ({
    kind: 'model' as const,
    settings: { path: inFolder(name)(place), memory: { weightsBytes } },
  }),
})

/** The words of setpriv for a user who may do nothing. */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']

const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGALRM', 'SIGQUIT']
const FAULTY = ['SIGSEGV', 'SIGABRT', 'SIGFPE', 'SIGBUS', 'SIGTRAP', 'SIGSYS']

const KILLS: readonly FaultCase[] = [
  ...SIGNALS.map((signal) => fault('killed', 'again', signal, 'once-signal@ready', { says: signal })),
  ...['SIGKILL', 'SIGTERM'].map((signal) =>
    fault('killed', 'again', `${signal} while it starts`, 'once-signal@start', { says: signal }),
  ),
]

const ENDED_CHILDREN: readonly FaultCase[] = [
  fault('killed', 'again', 'its child was killed', 'once-run@ready', shell('kill -KILL $$')),
  fault('killed', 'again', 'status 143 of a shell', 'once-exit@ready', { says: '143' }),
  fault('dependency-down', 'again', 'Python: nobody answers', 'once-run@ready', {
    ...python("import socket; socket.create_connection(('127.0.0.1', 9))"),
  }),
]

const CRASHES: readonly FaultCase[] = [
  ...FAULTY.map((signal) => fault('crash', 'again', signal, 'once-signal@ready', { says: signal })),
  ...FAULTY.slice(0, 2).map((signal) =>
    fault('crash', 'again', `${signal} while it starts`, 'once-signal@start', { says: signal }),
  ),
  ...['throw', 'range', 'reject', 'recurse'].flatMap((kind) => [
    fault('crash', 'again', `${kind} while it runs`, `once-${kind}@ready`),
    fault('crash', 'again', `${kind} while it starts`, `once-${kind}@start`),
  ]),
  fault('crash', 'again', 'Python: IndexError', 'once-run@ready', python('[][1]')),
  fault('illegal-instruction', 'given-up', 'SIGILL while it starts', 'signal@start', { says: 'SIGILL' }),
  fault('illegal-instruction', 'given-up', 'SIGILL of its child', 'run@start', shell('kill -ILL $$')),
  fault('illegal-instruction', 'given-up', 'status 132 of a shell', 'exit@start', { says: '132' }),
  fault('illegal-instruction', 'again', 'SIGILL while it runs', 'once-signal@ready', { says: 'SIGILL' }),
  fault('crash-loop', 'loops', 'throw, again and again', 'throw@start'),
  fault('crash-loop', 'loops', 'SIGSEGV, again and again', 'signal@ready', { says: 'SIGSEGV' }),
  fault('crash-loop', 'loops', 'status 3, again and again', 'exit@start', { says: '3' }),
  fault('crash-loop', 'loops', 'SIGKILL, again and again', 'signal@ready', { says: 'SIGKILL' }),
  fault('unknown', 'again', 'status 0', 'once-exit@ready', { says: '0' }),
  fault('unknown', 'again', 'status 3 without a word', 'once-exit@ready', { says: '3' }),
]

const FILES: readonly FaultCase[] = [
  fault('file-missing', 'waits', 'Node: ENOENT', 'read@start', {
    detail: inFolder('words'),
    ...unwritten('words'),
  }),
  fault('file-missing', 'waits', 'Node: a module is missing', 'import@start', {
    detail: inFolder('part.mjs'),
    ...unwritten('part.mjs', ''),
  }),
  fault('file-missing', 'waits', 'its main is missing', 'none@start', {
    spec: (place) => ({ main: inFolder('main.mjs')(place) }),
    prepare: (place) => () =>
      writeFileSync(
        inFolder('main.mjs')(place),
        "import { writeFileSync } from 'node:fs'\nlet n = 0\nsetInterval(() => writeFileSync(process.env.FOLDER + '/worker.beat', process.pid + ' ' + ++n), 50)\n",
      ),
  }),
  fault('file-missing', 'waits', 'cat: no such file', 'run@start', {
    ...run((place) => [
      'sh',
      '-c',
      `cat ${inFolder('words')(place)} && rm ${inFolder('armed')(place)}; exit 1`,
    ]),
    prepare: (place) => () => {
      rmSync(join(place.folder, 'armed'))
      writeFileSync(inFolder('words')(place), 'x')
    },
  }),
  fault('file-missing', 'waits', 'Python: FileNotFoundError', 'run@start', {
    ...run((place) => ['python3', '-c', `open('${inFolder('words')(place)}')`]),
    prepare: (place) => () => {
      rmSync(join(place.folder, 'armed'))
      writeFileSync(inFolder('words')(place), 'x')
    },
  }),
  fault('file-missing', 'given-up', 'a shell finds no program', 'run@start', shell('nosuchprogram')),
  fault('file-missing', 'given-up', 'FILE_NOT_FOUND', 'say@start', cannot('FILE_NOT_FOUND', 'It is gone.')),
  fault('file-missing', 'waits', 'the file of a model is gone', 'say@start', {
    ...cannot('MODEL_FAILED', 'It could not be loaded.'),
    ...model('m.gguf', 8),
    prepare: (place) => () => {
      rmSync(join(place.folder, 'armed'))
      writeFileSync(inFolder('m.gguf')(place), 'GGUFxxxx')
    },
  }),
  ...(
    [
      ['is empty', ''],
      ['is a text', 'not a model, a text'],
      ['is cut short', 'GGUF'],
      ['begins with zeros', Buffer.alloc(64)],
    ] as const
  ).map(([what, bytes]) =>
    fault('model-corrupt', 'waits', `the file of a model ${what}`, 'say@start', {
      ...cannot('MODEL_FAILED', 'It could not be loaded.'),
      ...model('m.gguf', 8),
      ...written('m.gguf', bytes, 'GGUFxxxx'),
    }),
  ),
  fault('model-corrupt', 'given-up', 'MODEL_INVALID', 'say@start', cannot('MODEL_INVALID', 'No model.')),
  ...['JOURNAL_CORRUPT', 'VAULT_CORRUPT', 'EMBEDDING_INVALID'].map((code) =>
    fault('data-corrupt', 'given-up', code, 'say@start', cannot(code, 'It is not as it was written.')),
  ),
  fault('permission', 'waits', 'a program that is none', 'run@start', {
    ...run((place) => [inFolder('tool')(place)]),
    ...written('tool', 'x', '#!/bin/sh\nexec sleep 600\n'),
  }),
  fault('permission', 'waits', 'a shell may not run it', 'run@start', {
    ...run((place) => ['sh', '-c', inFolder('tool')(place)]),
    ...written('tool', 'x', 'x'),
  }),
  fault('permission', 'given-up', 'Node: EACCES', 'say@start', {
    says: "Error: EACCES: permission denied, open '/proc/1/mem'",
  }),
  fault('permission', 'given-up', 'status 77 of sysexits', 'exit@start', { says: '77' }),
  fault('permission', 'waits', 'a file of another user', 'run@start', {
    ...run((place) => ['setpriv', ...NOBODY, 'cat', inFolder('letter')(place)]),
    ...written('letter', 'x', 'x'),
  }),
  fault('permission', 'given-up', 'a port of the system', 'run@start', {
    ...run(() => [
      'setpriv',
      ...NOBODY,
      'perl',
      '-MIO::Socket::INET',
      '-e',
      'IO::Socket::INET->new(LocalPort => 80, Listen => 1) or die "listen: $!\\n"',
    ]),
  }),
  fault('bad-configuration', 'waits', 'JSON with a comma too many', 'json@start', {
    detail: inFolder('runa.yaml'),
    ...written('runa.yaml', '{"a":1,}', '{"a":1}'),
  }),
  fault('bad-configuration', 'waits', 'CONFIG_INVALID', 'say@start', {
    ...cannot('CONFIG_INVALID', 'runa.yaml, line 1: face.port: is no number.'),
    ...written('runa.yaml', 'face: {port: x}', 'face: {port: 1}'),
  }),
  fault('bad-configuration', 'waits', 'an argument that Node does not know', 'arguments@start', {
    says: '--fast',
    ...written('runa.yaml', 'a', 'b'),
  }),
  fault('bad-configuration', 'waits', 'an argument that Python does not know', 'run@start', {
    ...run(() => ['python3', '-c', 'import argparse; argparse.ArgumentParser().parse_args(["--fast"])']),
    ...written('runa.yaml', 'a', 'b'),
  }),
  fault('bad-configuration', 'waits', 'Python: JSONDecodeError', 'run@start', {
    ...python('import json; json.loads("{")'),
    ...written('runa.yaml', 'a', 'b'),
  }),
  fault('bad-configuration', 'waits', 'POLICY_INVALID', 'say@start', {
    ...cannot('POLICY_INVALID', 'A rule cannot be read.'),
    ...written('runa.yaml', 'a', 'b'),
  }),
  fault('bad-configuration', 'waits', 'status 78 of sysexits', 'exit@start', {
    says: '78',
    ...written('runa.yaml', 'a', 'b'),
  }),
]

const TIMES: readonly FaultCase[] = [
  fault('hang', 'again', 'it waits for ever', 'once-hang@ready'),
  fault('hang', 'again', 'it waits, and ignores SIGTERM', 'once-stubborn@ready'),
  fault('hang', 'again', 'it computes for ever', 'once-spin@ready'),
  fault('hang', 'again', 'SIGSTOP while it runs', 'once-pause@ready'),
  fault('hang', 'again', 'SIGSTOP while it starts', 'once-pause@start', { spec: () => ({ readyMs: 1_500 }) }),
  fault('hang', 'again', 'it never becomes ready', 'once-hang@start', { spec: () => ({ readyMs: 1_500 }) }),
  ...[2_200, 3_000].map((durationMs) =>
    fault(undefined, 'slow', `it computes for ${durationMs} ms`, 'slow@start', {
      says: String(durationMs),
      spec: () => ({ readyMs: 1_500 }),
    }),
  ),
  fault(undefined, 'slow', 'it reads for 2,200 ms', 'slowReading@start', {
    says: '2200',
    spec: () => ({ readyMs: 1_500 }),
  }),
]

const AMOUNTS: readonly FaultCase[] = [
  fault('out-of-memory', 'again', 'V8 has no heap left', 'once-heap@ready', {
    spec: () => ({ nodeFlags: ['--max-old-space-size=24'] }),
  }),
  fault('out-of-memory', 'again', 'V8 has none while it starts', 'once-heap@start', {
    spec: () => ({ nodeFlags: ['--max-old-space-size=24'] }),
  }),
  fault('out-of-memory', 'again', 'Python: MemoryError', 'once-run@ready', {
    ...run(() => ['prlimit', '--as=200000000', 'python3', '-c', 'x = bytearray(10**9)']),
  }),
  fault('out-of-memory', 'again', 'std::bad_alloc', 'once-say@ready', {
    says: "terminate called after throwing an instance of 'std::bad_alloc'",
  }),
  fault('model-too-big', 'given-up', 'a model finds no memory for its cache', 'say@start', {
    ...cannot('MODEL_FAILED', 'It could not be loaded: failed to allocate the cache.'),
    ...model('m.gguf', 8),
    ...written('m.gguf', 'GGUFxxxx', 'GGUFxxxx'),
  }),
  fault('model-too-big', 'given-up', 'MODEL_TOO_LARGE', 'say@start', cannot('MODEL_TOO_LARGE', 'Too large.')),
  fault('limit-reached', 'again', 'no descriptors are left', 'once-run@ready', {
    ...run(() => [
      'prlimit',
      '--nofile=40',
      process.execPath,
      '-e',
      "for (;;) require('node:fs').openSync('/dev/null')",
    ]),
  }),
  fault('limit-reached', 'again', 'its processor time is used up', 'once-run@ready', {
    ...run(() => ['prlimit', '--cpu=1', 'sh', '-c', 'while :; do :; done']),
    // Its child takes all of its time meanwhile.
    spec: () => ({ missedBeatsMax: 200 }),
  }),
  fault('limit-reached', 'again', 'a file may not grow', 'once-run@ready', {
    ...run((place) => [
      'prlimit',
      '--fsize=4096',
      process.execPath,
      '-e',
      `require('node:fs').writeFileSync('${inFolder('large')(place)}', Buffer.alloc(9999))`,
    ]),
  }),
  ...(['once-listen@ready', 'listen@start'] as const).map((worker) =>
    fault('port-taken', worker.startsWith('once') ? 'again' : 'given-up', `Node: ${worker}`, worker, {
      detail: ({ port }) => String(port),
    }),
  ),
  fault('port-taken', 'given-up', 'Python: the address is in use', 'run@start', {
    ...run(({ port }) => ['python3', '-c', `import socket; socket.create_server(('127.0.0.1', ${port}))`]),
  }),
  fault('port-taken', 'given-up', 'PORT_BUSY', 'say@start', {
    detail: ({ port }) => `worker cannot start: Somebody listens on port ${port}. [PORT_BUSY]\nStop it.`,
  }),
]

export const FAULT_CASES: readonly FaultCase[] = [
  ...KILLS,
  ...ENDED_CHILDREN,
  ...CRASHES,
  ...FILES,
  ...TIMES,
  ...AMOUNTS,
]

export function armIn(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'armed'), '')
}
