import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One name that a library gives its users, as TypeScript declares it. */
export interface Declaration {
  readonly name: string
  readonly isFunction: boolean
  /** What is said above it. */
  readonly remark: string
  /** Without `export declare`. */
  readonly code: string
}

interface Place {
  readonly name: string
  readonly file: string
}

/**
 * Everything that an index of declarations (`index.d.ts`) exports, in its order, and after that the types of the same part
 * that those mention. Throws where a name is exported and cannot be found.
 */
export function readDeclarations(indexFile: string): Declaration[] {
  const wanted: Place[] = namesFrom(readFileSync(indexFile, 'utf8'), indexFile)
  const isExported = new Set(wanted.map(({ name }) => name))
  const found = new Map<string, Declaration>()
  for (const { name, file } of wanted) {
    if (found.has(name)) continue
    const text = readFileSync(file, 'utf8')
    const declaration = declarationIn(text, name)
    if (!declaration) {
      if (isExported.has(name)) throw new Error(`${file} does not declare ${name}.`)
      continue
    }
    found.set(name, declaration)
    wanted.push(...mentionedIn(declaration.code, text, file))
  }
  return [...found.values()]
}

/** What a file imports or exports from files beside it: other parts have references of their own. */
function namesFrom(text: string, file: string): Place[] {
  const clause = /^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)';/gm
  return [...text.matchAll(clause)].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.replace(/^\s*(?:type )?/, '').trim())
      .filter((name) => name !== '')
      .map((name) => ({ name, file: join(dirname(file), from.replace(/\.ts$/, '.d.ts')) })),
  )
}

function mentionedIn(code: string, text: string, file: string): Place[] {
  const words = new Set(withoutRemarks(code).match(/\b[A-Z]\w+/g) ?? [])
  const imported = namesFrom(text, file).filter(({ name }) => words.has(name))
  const own = [...words].filter((name) => !imported.some((place) => place.name === name))
  return [...imported, ...own.map((name) => ({ name, file }))]
}

function withoutRemarks(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, '')
}

function declarationIn(text: string, name: string): Declaration | undefined {
  const head = `(?:export )?(?:declare )?(interface|type|function|const|class) ${name}\\b`
  const match = new RegExp(`(?:^/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n)?^${head}`, 'm').exec(text)
  if (!match) return undefined
  const [whole, remark = '', kind = ''] = match
  const start = match.index + whole.lastIndexOf(kind)
  const code = text.slice(start, endOf(text, start))
  return { name, isFunction: kind === 'function', remark: plain(remark), code }
}

function plain(remark: string): string {
  return remark
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
    .join(' ')
    .trim()
}

/** After the semicolon, or the brace of an interface, that ends the declaration which begins there. */
function endOf(text: string, start: number): number {
  const isBlock = /^(?:interface|class)\b/.test(text.slice(start, start + 10))
  const piece = /\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\.)*'|[([{}\]);]/g
  piece.lastIndex = start
  let depth = 0
  for (let match = piece.exec(text); match; match = piece.exec(text)) {
    const [mark] = match
    if ('([{'.includes(mark)) depth += 1
    else if (')]}'.includes(mark)) depth -= 1
    const isEnd = isBlock ? mark === '}' : mark === ';'
    if (isEnd && depth === 0) return piece.lastIndex
  }
  return text.length
}
