export type { Config, ServerConfig } from './config.ts'
export { checkConfig, loadConfig, parseConfig } from './config.ts'
export {
  type Isolation,
  type IsolationKind,
  isolationSchema,
  type Limits,
  limitsSchema,
} from './confinement.ts'
export { milliseconds, SERVICE_DEFAULTS, type ServiceFields } from './services/fields.ts'
export { mistakesInNeeds, type Needing } from './services/needs.ts'
export type { FailureStep, OnFailure } from './services/on-failure.ts'
export { type OwnService, ownServiceSchema } from './services/own-service.ts'
export { type ReadService, readOwnService, readOwnServices } from './services/own-services.ts'
export type { Probe } from './services/probe.ts'
export { runaServicesSchema, type ServiceChanges } from './services/runa-services.ts'
export { atStart, describeMistake, joinMistakes, type Mistake, type YamlFile } from './yaml-file.ts'
