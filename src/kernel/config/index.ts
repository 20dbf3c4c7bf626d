export type { HomePaths } from '#kernel/home'
export { assetsFolder, homeDigest, homeFolder, homePaths, sharedFolder } from '#kernel/home'
export type { Config, ServerConfig } from './config.ts'
export { loadConfig, PORT_DEFAULT, parseConfig } from './config.ts'
