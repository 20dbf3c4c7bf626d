export type { Config, ServerConfig } from './config.ts'
export { loadConfig, parseConfig, placeInConfig } from './config.ts'
export {
  type Isolation,
  type IsolationKind,
  isolationSchema,
  type Limits,
  limitsSchema,
} from './confinement.ts'
