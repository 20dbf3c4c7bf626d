import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HomePaths } from '#kernel/home'
import { replaceFile } from '#kernel/journal'
import { note } from '../note.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { type Plan, planOf, readPlan, type Written } from './plan.ts'

/** What a gilgul begins with. */
export interface StandingPlan extends Plan {
  /** Why the files of now are not heeded. */
  readonly fault?: string
  /** The digest of what the files want by now. Rejects with CONFIG_INVALID. */
  readonly reread: () => Promise<string>
}

/**
 * What the files want. For a gilgul that goes on in a world (`goesOn`): where they are wrong by now, what they wanted when
 * they were last heeded, since a mistake in a file ends nothing that runs. Rejects with CONFIG_INVALID.
 */
export async function readStandingPlan(
  paths: HomePaths,
  services: readonly ServiceSpec[],
  goesOn: boolean,
): Promise<StandingPlan> {
  const path = join(paths.run, 'plan.json')
  const reread = async () => (await readPlan(paths, services)).digest
  try {
    const plan = await readPlan(paths, services)
    // Without it, the next gilgul needs files that are right: no reason not to go on.
    await replaceFile(path, JSON.stringify(plan.written)).catch((error) => note('plan', String(error)))
    return { ...plan, reread }
  } catch (error) {
    const last = goesOn ? await readLast(path) : undefined
    if (last === undefined) throw error
    const fault = error instanceof Error ? error.message : String(error)
    return { ...planOf(last, services), fault, reread }
  }
}

async function readLast(path: string): Promise<Written | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Written
  } catch {
    return undefined
  }
}
