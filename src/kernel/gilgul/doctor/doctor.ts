import { homePaths } from '#kernel/home'
import type { ServiceStatus } from '#protocol'
import { checkConfig } from './config-check.ts'
import type { Finding } from './finding.ts'
import { checkHome, checkLeftovers, checkVault } from './home-checks.ts'
import { checkDisk, checkKernel, checkMemory, checkPort, checkSharedMemory } from './machine-checks.ts'
import { checkModels } from './model-check.ts'
import { checkServices } from './service-check.ts'

/**
 * Looks for what keeps Runa, or a part of it, from running. Changes nothing. `services`: as gilgul tells them; undefined
 * where Runa does not run. Never rejects for what it finds.
 */
export async function examineRuna(
  services: readonly ServiceStatus[] | undefined,
  paths = homePaths(),
): Promise<Finding[]> {
  const { config, findings } = await checkConfig(paths.config)
  const isRunning = services !== undefined
  return [
    ...checkHome(paths),
    ...findings,
    ...checkVault(paths.vault),
    ...checkDisk([paths.home]),
    ...(config ? checkSharedMemory(config.bus, isRunning) : []),
    ...checkMemory(),
    ...checkKernel(),
    ...(config && !isRunning ? await checkPort(config.face.port) : []),
    ...(config ? checkModels(paths.models, config.engine.contextTokens) : []),
    ...(isRunning ? checkServices(services) : await checkLeftovers(paths)),
  ]
}
