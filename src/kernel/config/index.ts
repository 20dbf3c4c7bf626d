export type { Config, ServerConfig } from './config.ts'
export { loadConfig, parseConfig } from './config.ts'
