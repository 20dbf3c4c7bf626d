export type { Config, ServerConfig } from './config.ts'
export { checkConfig, faultInConfig, loadConfig, parseConfig } from './config.ts'
export {
  type Isolation,
  type IsolationKind,
  isolationSchema,
  type Limits,
  limitsSchema,
} from './confinement.ts'
export { milliseconds, SERVICE_DEFAULTS, type ServiceFields } from './services/fields.ts'
export { needsOf } from './services/needs.ts'
export type { FailureStep, OnFailure } from './services/on-failure.ts'
export { type OwnService, ownServiceSchema } from './services/own-service.ts'
export { loadOwnServices, readOwnService, readOwnServices } from './services/own-services.ts'
export type { Probe } from './services/probe.ts'
export { runaServicesSchema, type ServiceChanges } from './services/runa-services.ts'
export { describeMistake, type Mistake } from './yaml-file.ts'
