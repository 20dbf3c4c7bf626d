import { homePaths } from '#kernel/home'
import type { ServiceStatus } from '#protocol'
import { checkConfig } from './config-check.ts'
import type { Finding } from './finding.ts'
import { checkHome, checkLeftovers } from './home-checks.ts'
import {
  checkDisk,
  checkKernel,
  checkMemory,
  checkPort,
  checkSharedMemory,
  checkWalls,
} from './machine-checks.ts'
import { checkModels } from './model-check.ts'
import { checkServices } from './service-check.ts'
import { checkSecrets, checkVault, type SecretsTold } from './vault-check.ts'

/**
 * Looks for what keeps Runa, or a part of it, from running. Changes nothing. `services`: as gilgul tells them; undefined
 * where Runa does not run. `secrets`: what it tells beside them. Never rejects for what it finds.
 */
export async function examineRuna(
  services: readonly ServiceStatus[] | undefined,
  paths = homePaths(),
  secrets: SecretsTold = {},
): Promise<Finding[]> {
  const { config, findings } = await checkConfig(paths.config)
  const isRunning = services !== undefined
  return [
    ...checkHome(paths),
    ...findings,
    ...(await checkVault(paths.vault)),
    ...checkSecrets(secrets),
    ...checkDisk([paths.home]),
    ...(config ? checkSharedMemory(config.bus, isRunning) : []),
    ...checkMemory(),
    ...checkKernel(),
    ...checkWalls(),
    ...(config && !isRunning ? await checkPort(config.face.port) : []),
    ...(config ? checkModels(paths.models, config.engine.contextTokens) : []),
    ...(isRunning ? checkServices(services) : await checkLeftovers(paths)),
  ]
}
