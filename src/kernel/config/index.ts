export type { Config, ServerConfig } from './config.ts'
export { loadConfig, parseConfig, placeInConfig } from './config.ts'
