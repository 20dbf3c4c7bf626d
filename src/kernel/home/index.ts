export { quoteArgument, RUNA_COMMAND, typeable } from './command.ts'
export type { HomePaths } from './paths.ts'
export { homeDigest, homeFolder, homePaths } from './paths.ts'
export { assetsFolder, packageFolder, programPath, sharedFolder } from './places.ts'
