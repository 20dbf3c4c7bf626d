export { assembleCallFilter } from './call-filter.ts'
export { missingPowers, type SeclusionPowers, seclusionPowers, weakPowers } from './powers.ts'
export { type Walls, withinWalls } from './walls.ts'
