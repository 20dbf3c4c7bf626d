import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import type { Runtime } from './runtime.ts'
import { transformModule } from './transform.ts'

const ROOT = fileURLToPath(new URL('../../src/', import.meta.url))

type Exports = Record<string, unknown>

export interface LoadOptions {
  /** Changes to the compiled source, by path below src without ending: what is found, and what is put in its place. */
  readonly plant?: Readonly<Record<string, readonly (readonly [found: string, planted: string])[]>>
  /** Stand-ins for whole modules, by path below src without ending, or by the name they are imported under. */
  readonly replace?: Readonly<Record<string, Exports>>
}

interface Parsed {
  readonly code: string
  readonly imports: readonly string[]
}

/** Compiled modules of src, taken apart; each call of `instantiate` gives them a memory of their own. */
export async function loadSteps(entry: readonly string[], options: LoadOptions = {}) {
  const parsed = new Map<string, Parsed>()
  const natives = new Map<string, Exports>(Object.entries(options.replace ?? {}))
  const visit = async (path: string): Promise<void> => {
    if (parsed.has(path) || natives.has(path)) return
    const { code, imports } = transformModule(plantedSource(path, options), path)
    parsed.set(path, { code, imports })
    for (const specifier of imports) {
      if (specifier.startsWith('.')) await visit(resolve(path, specifier))
      else if (!natives.has(specifier)) natives.set(specifier, (await import(specifier)) as Exports)
    }
  }
  for (const path of entry) await visit(path)
  return {
    /** `globals` stand in for what is global. */
    instantiate(runtime: Runtime, globals: Readonly<Exports> = {}): (path: string) => Exports {
      const instances = new Map<string, Exports>()
      const instantiate = (path: string): Exports => {
        const known = natives.get(path) ?? instances.get(path)
        if (known) return known
        const { code } = parsed.get(path) as Parsed
        const exported: Exports = {}
        instances.set(path, exported)
        const importing = (specifier: string) =>
          instantiate(specifier.startsWith('.') ? resolve(path, specifier) : specifier)
        const parameters = ['$runtime', '$import', '$exports', ...Object.keys(globals)]
        const body = compileFunction(code, parameters, { filename: `${path} (in steps)` })
        body(runtime, importing, exported, ...Object.values(globals))
        return exported
      }
      return instantiate
    },
  }
}

function resolve(from: string, specifier: string): string {
  return join(dirname(from), specifier).replace(/\.js$/, '')
}

function plantedSource(path: string, { plant = {} }: LoadOptions): string {
  let source = readFileSync(join(ROOT, `${path}.js`), 'utf8')
  for (const [found, planted] of plant[path] ?? []) {
    if (source.split(found).length !== 2) throw new Error(`${path} does not have this once: ${found}`)
    source = source.replace(found, () => planted)
  }
  return source
}
