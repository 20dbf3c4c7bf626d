import type { Machine } from './machine.ts'
import type { Isolation, Limits } from './settings.ts'
import type { View } from './views.ts'

/** A program that is to be kept apart. Paths are absolute. */
export interface Confined {
  readonly name: string
  readonly isolation: Isolation
  readonly limits: Limits
  /** The program, and its arguments. */
  readonly command: readonly string[]
  /** What it inherits beside its input and outputs. */
  readonly descriptors: readonly number[]
  /** Of runa.yaml: the program runs in it, or in what it takes for it. */
  readonly home: string
  /** Its own folder: what it writes lies there. */
  readonly own: string
  /** Of a service of Runa itself: what it has to reach. */
  readonly view?: View
}

export interface Wrapping {
  /** The program to start and its arguments: the command itself, or what keeps it apart with the command behind. */
  readonly words: readonly string[]
  /** On top of what the program would get. */
  readonly environment: Readonly<Record<string, string>>
  /** Folders that have to be there, to whom they belong where not to Runa, and how they are made where not as others' ways. */
  readonly folders: readonly {
    readonly path: string
    readonly owner?: { uid: number; gid: number }
    readonly mode?: number
  }[]
  /** Files that have to be there, with their text. */
  readonly files: readonly { readonly path: string; readonly text: string }[]
  /** Files that are begun empty where they are missing. */
  readonly journals?: readonly string[]
  /** What this machine lacks of what was asked for, and why. */
  readonly missing: readonly string[]
}

export type Wrap = (confined: Confined, machine: Machine) => Wrapping

export function bare({ command }: Confined): Wrapping {
  return { words: command, environment: {}, folders: [], files: [], missing: [] }
}

/** The command as it is, where it cannot be kept apart at all. */
export function unwrapped(confined: Confined, ...missing: readonly string[]): Wrapping {
  return { ...bare(confined), missing }
}
