import { type Config, loadConfig } from '#kernel/config'
import type { RunaError } from '#protocol'
import { type Finding, well, wrong } from './finding.ts'

export async function checkConfig(
  path: string,
): Promise<{ readonly config: Config | undefined; readonly findings: Finding[] }> {
  try {
    return { config: await loadConfig(path), findings: [well('settings', `${path} can be read.`)] }
  } catch (error) {
    const { message, advice = '' } = error as Partial<RunaError>
    return { config: undefined, findings: [wrong('settings', 'bad-configuration', String(message), advice)] }
  }
}
