export type { Config, ServerConfig } from './config.ts'
export { loadConfig, parseConfig, placeInConfig } from './config.ts'
export {
  type Isolation,
  type IsolationKind,
  isolationSchema,
  type Limits,
  limitsSchema,
} from './confinement.ts'
export { milliseconds, type OwnService, type Probe } from './own-service.ts'
export { describeMistake, loadOwnServices, type Mistake, readOwnServices } from './own-services.ts'
