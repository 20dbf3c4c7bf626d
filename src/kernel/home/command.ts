import { packageFolder } from './places.ts'

/** A package that npm installed lies in a folder of that name, and its program is on the path. A checkout's is not. */
export const RUNA_COMMAND = packageFolder().includes('/node_modules/') ? 'runa' : 'npx runa'

/** Advice is written with `runa`; this makes it what can be typed here. The one place that decides it. */
export function typeable(text: string): string {
  return text.replaceAll(/`(?:npx )?runa(?=[ `])/g, `\`${RUNA_COMMAND}`)
}

/** One argument as a shell takes it: unchanged where that is safe, else in single quotes. */
export function quoteArgument(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument
  return `'${argument.replaceAll("'", "'\\''")}'`
}
