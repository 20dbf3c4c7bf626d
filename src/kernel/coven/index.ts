export { createLink, type Link, type LinkOptions } from './link.ts'
export { type OpenCoven, type OpenCovenOptions, openCoven } from './open.ts'
export { createCoven, createDesk } from './service.ts'
