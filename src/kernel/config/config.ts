import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { RunaError, secretNameSchema } from '#protocol'
import { runaServicesSchema } from './services/runa-services.ts'
import { atStart, joinMistakes, type Mistake, readYamlFile, type YamlFile } from './yaml-file.ts'

const PORT_DEFAULT = 7862

const MEBIBYTE = 2 ** 20

const serverSchema = z.strictObject({
  /** Models of this server are called by this name. */
  id: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/),
  /** Such as http://127.0.0.1:8080/v1 */
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** The model's name on that server. */
  model: z.string().min(1),
  /** The name of the secret that holds the server's key, never the key: `runa secret set NAME`. */
  keySecret: secretNameSchema.optional(),
  /** The name of an environment variable that holds it, where there is no vault. */
  keyVariable: z.string().optional(),
  purpose: z.enum(['chat', 'embedding']).default('chat'),
  contextTokens: z.number().int().positive().default(8_192),
})
export type ServerConfig = z.infer<typeof serverSchema>

const NAME_PART = /^[A-Za-z0-9_-]{1,64}$/

/** A topic of the bus that is carried beyond this machine. */
const linkSchema = z.strictObject({
  topic: z.string().regex(/^[^*$]{1,96}$/, 'is the name of a topic, without * and $'),
  /** On the far side. The name of this machine is put behind it. */
  subject: z.string().regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'is a subject such as runa.news'),
  direction: z.enum(['both', 'out', 'in']).default('both'),
  /** Kept by JetStream for whoever is away. */
  lasting: z.boolean().default(false),
  /** Of the topic here: whether publishing waits while the far side is away. */
  lossless: z.boolean().default(false),
})

/** Without it, nothing is carried anywhere. */
const natsSchema = z.strictObject({
  /** Of this machine on the far side: no other may have it. */
  name: z.string().regex(NAME_PART, 'has 1 to 64 letters, digits, _ and -'),
  /** Such as nats://127.0.0.1:4222 or tls://nats.example.org */
  servers: z
    .array(z.url({ protocol: /^(nats|tls)$/ }))
    .min(1, 'names no server')
    .max(8),
  /** A .creds file of NATS. Relative to the folder of runa.yaml. */
  credentialsFile: z.string().min(1).optional(),
  topics: z.array(linkSchema).min(1, 'names no topic').max(32),
})

/** The one schema of runa.yaml. Every field has a default, so that no file is needed. */
const fieldsSchema = z.strictObject({
  face: z
    .strictObject({
      /** 0 takes any free one. RUNA_PORT goes before it. */
      port: z.number().int().min(0).max(65_535).default(PORT_DEFAULT),
    })
    .prefault({}),
  bus: z
    .strictObject({
      /** Where shared memory lies. */
      folder: z.string().min(1).default('/dev/shm'),
      sizeBytes: z
        .number()
        .int()
        .min(8 * MEBIBYTE)
        .max(4_096 * MEBIBYTE)
        .default(48 * MEBIBYTE),
      /** People's words on the bus. Switched off, every program of this user can read along: to look for faults. */
      sealed: z.boolean().default(true),
      /** A service writes down who sends what to whom, never what it says: to look for faults. */
      record: z.boolean().default(false),
    })
    .prefault({}),
  gilgul: z
    .strictObject({
      /** Whether a change of this file or of services/*.yaml is taken up by itself, and not only by `runa gilgul apply`. */
      watch: z.boolean().default(true),
    })
    .prefault({}),
  coven: z
    .strictObject({
      /**
       * When coven dies: gilgul makes another one; or goes on, and what services were given of secrets runs on until their
       * leases end; or takes all of that back at once; or stops everything.
       */
      onDeath: z.enum(['replace', 'keep', 'lock', 'stop']).default('replace'),
    })
    .prefault({}),
  engine: z
    .strictObject({
      /** At most; measured when a model is loaded, and never more than cores − 1. 0: as measured. */
      threads: z.number().int().min(0).max(256).default(0),
      /** Of a local model; less where the model was trained for less. */
      contextTokens: z.number().int().min(128).max(1_048_576).default(4_096),
      /** A model that nobody used for so long is unloaded. */
      idleMinutes: z.number().min(0.1).max(100_000).default(30),
      /** Needs the binaries that docs/guides/gpu.md tells how to add. */
      gpu: z.enum(['off', 'auto', 'cuda', 'vulkan']).default('off'),
      servers: z.array(serverSchema).max(32).default([]),
    })
    .prefault({}),
  policy: z
    .strictObject({
      /** Switching it off is the owner's right, and is shown on every page. */
      enabled: z.boolean().default(true),
    })
    .prefault({}),
  nats: natsSchema.optional(),
  services: runaServicesSchema,
})

const configSchema = fieldsSchema.refine(
  ({ policy, services }) => services.inference?.command === undefined || !policy.enabled,
  {
    path: ['services', 'inference', 'command'],
    error: 'a replaced inference knows no policy: set policy.enabled to false, so that every page says so',
  },
)
export type Config = z.output<typeof configSchema>

/**
 * Reads runa.yaml; where there is none, everything has its default. Rejects with CONFIG_INVALID, which names the line.
 * The environment variable RUNA_PORT replaces the port.
 */
export async function loadConfig(
  path: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Config> {
  const text = await readText(path)
  const config = parseConfig(text)
  const port = environment['RUNA_PORT']
  if (port === undefined || port === '') return config
  const parsed = fieldsSchema.shape.face.safeParse({ port: /^\d+$/.test(port) ? Number(port) : port })
  if (!parsed.success) throw new RunaError('CONFIG_INVALID', `RUNA_PORT is no port number: ${port}.`)
  return { ...config, face: parsed.data }
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return ''
    throw new RunaError('CONFIG_INVALID', `${path} cannot be read: ${cause.code}.`, { cause })
  })
}

/** All that is wrong in a file of this kind, each with its place. Never rejects. Where there is none, nothing is wrong. */
export async function checkConfig(path: string): Promise<YamlFile<Config>> {
  try {
    return readConfigText(await readText(path), path)
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error)
    return { mistakes: [atStart(path, told)], at: (_, text) => atStart(path, text) }
  }
}

export function parseConfig(text: string): Config {
  const { value, mistakes } = readConfigText(text)
  if (value !== undefined) return value
  throw new RunaError('CONFIG_INVALID', joinMistakes(mistakes.map(sayMistake)))
}

function readConfigText(text: string, file = 'runa.yaml'): YamlFile<Config> {
  return readYamlFile(file, text, configSchema)
}

function sayMistake({ file, line, text }: Mistake): string {
  return `${file}, line ${line}: ${text}`
}
