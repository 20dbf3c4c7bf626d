import * as z from 'zod'
import { failureCauseSchema } from '#protocol'
import type { EstateMemory } from './memory.ts'

const identitySchema = z.object({ pid: z.number(), startTicks: z.number() })

const patienceSchema = z.object({
  deaths: z.array(z.number()),
  failedStarts: z.number(),
  attempts: z.number(),
})

const entrySchema = z.object({
  /** Of a model: what `startModel` was called with. */
  settings: z.record(z.string(), z.json()).optional(),
  /** Of what it was started from: one that changed is started anew. */
  digest: z.string(),
  /** Number of its last start, which its process carries in its environment. Counted before the process is there. */
  birth: z.number(),
  process: identitySchema.optional(),
  /** Where in its log the words of that process begin. */
  logStart: z.number(),
  /** By `monotonicMs`; absent before it was ready. */
  readyAtMs: z.number().optional(),
  restarts: z.number(),
  patience: patienceSchema,
  /** Why it was given up, where it was. */
  failure: z.string().optional(),
  /** Files, one of which has to change before a failed one is tried again. */
  awaits: z.array(z.string()).optional(),
  /** What was done about its deaths so far. */
  rung: z.object({ cause: failureCauseSchema, taken: z.number() }).optional(),
})
export type EstateEntry = z.infer<typeof entrySchema>

const heldLeaseSchema = z.object({
  id: z.string(),
  service: z.string(),
  secret: z.string(),
  version: z.number(),
  /** Of the process that holds it. */
  pid: z.number(),
  /** By `sinceBootMs`. Null: with that process. */
  endsAtMs: z.number().nullable(),
})
export type HeldLease = z.infer<typeof heldLeaseSchema>

const estateSchema = z.object({
  /** Path of the bus of this world. */
  bus: z.string(),
  busSealed: z.boolean(),
  /** Everything was being stopped: the next gilgul goes on with that. */
  stopping: z.boolean(),
  services: z.record(z.string(), entrySchema),
  /** Who holds which secret. */
  leases: z.array(heldLeaseSchema).optional(),
})

/** What a gilgul that dies leaves to the next one. */
export type Estate = z.infer<typeof estateSchema>

/** Undefined where there is no world yet, or nothing that can be understood: then a new one is made. */
export function readEstate(memory: EstateMemory): Estate | undefined {
  const text = memory.read()
  if (text === undefined) return undefined
  try {
    return estateSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export function writeEstate(memory: EstateMemory, estate: Estate): void {
  memory.write(JSON.stringify(estate))
}
