import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, relative } from 'node:path'
import { assetsFolder, packageFolder } from '#kernel/home'
import { ICONS, iconSprite } from './icons.ts'

/** What a browser is given to show: pages, and the files that they are made of. */
export interface Pages {
  /** A file below `/static/`; needs no cookie, since nothing of a person is in it. Undefined where there is none. */
  file(pathname: string): Promise<Response | undefined>
  /** The page that lives at a path, or undefined. */
  page(pathname: string): Response | undefined
  /** What somebody sees whose browser is not logged in. */
  login(): Response
}

interface StaticFile {
  readonly path: string
  readonly type: string
}

/** The name of a page, by what its path looks like. */
const ROUTES: readonly (readonly [RegExp, string])[] = [
  [/^\/$/, 'board'],
  [/^\/board\/[^/]+$/, 'board'],
  [/^\/chat(\/[^/]+)?$/, 'chat'],
  [/^\/knowledge$/, 'knowledge'],
  [/^\/memory$/, 'memory'],
  [/^\/models$/, 'models'],
  [/^\/settings$/, 'settings'],
  [/^\/welcome$/, 'welcome'],
  [/^\/status$/, 'status'],
]

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

const STATIC = '/static/'
const HTML = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' }

/** Packages whose files the pages use, and which of them: nothing else of node_modules can be asked for. */
const VENDOR_FILES: Readonly<Record<string, readonly [inPackage: string, served: string][]>> = {
  sortablejs: [['modular/sortable.esm.js', 'page/vendor/sortable.js']],
  marked: [['lib/marked.esm.js', 'page/vendor/marked.js']],
  dompurify: [['dist/purify.es.mjs', 'page/vendor/purify.js']],
  '@fontsource-variable/inter': [
    ['files/inter-latin-wght-normal.woff2', 'fonts/inter-latin.woff2'],
    ['files/inter-latin-ext-wght-normal.woff2', 'fonts/inter-latin-ext.woff2'],
  ],
  '@fontsource/jetbrains-mono': [['files/jetbrains-mono-latin-400-normal.woff2', 'fonts/mono-latin.woff2']],
}
const COMPONENTS = '@awesome.me/webawesome'
const COMPONENT_FOLDERS = ['chunks', 'components/icon', 'components/select', 'components/option', 'styles']

/**
 * Every address of a file holds a digest of all of them, so that browsers may keep a file for ever and an update
 * is seen at once. All names are known at the start: a request is looked up, never turned into a path.
 */
export function createPages(): Pages {
  const files = new Map([...ownFiles(), ...vendorFiles(), ...componentFiles()])
  const build = digestOf(files)
  const sprite = iconSprite(folderOf('lucide-static'), ICONS)
  const pages = new Map<string, string>()

  function render(name: string): string {
    const rendered = pages.get(name) ?? renderPage(name, STATIC + build)
    pages.set(name, rendered)
    return rendered
  }

  return {
    async file(pathname) {
      const [, asked, name] = /^\/static\/([0-9a-f]{12})\/(.+)$/.exec(pathname) ?? []
      if (name === undefined) return undefined
      // A page of an older build may still be open: it gets today's file, but must not keep it.
      const keeping = asked === build ? 'public, max-age=31536000, immutable' : 'no-cache'
      if (name === 'icons.svg') return fileResponse(sprite, 'image/svg+xml', keeping)
      const file = files.get(name)
      return file && fileResponse(await readFile(file.path), file.type, keeping)
    },
    page(pathname) {
      const name = ROUTES.find(([pattern]) => pattern.test(pathname))?.[1]
      return name === undefined ? undefined : new Response(render(name), { headers: HTML })
    },
    login: () => new Response(render('login'), { status: 401, headers: HTML }),
  }
}

function fileResponse(body: string | Uint8Array<ArrayBuffer>, type: string, keeping: string): Response {
  return new Response(body, { headers: { 'content-type': type, 'cache-control': keeping } })
}

/** A page is the layout with a body in it; the first line of the body is its title. */
function renderPage(name: string, base: string): string {
  const text = readFileSync(assetsFolder('threadwell/pages', `${name}.html`), 'utf8')
  const [, title = '', body = ''] = /^<title>(.*)<\/title>\n([\s\S]*)$/.exec(text) ?? []
  const layout = readFileSync(
    assetsFolder('threadwell', name === 'login' ? 'plain.html' : 'layout.html'),
    'utf8',
  )
  const values: Readonly<Record<string, string>> = { title, body, page: name, static: base }
  return layout
    .replace('{{body}}', () => body)
    .replaceAll(`data-nav="${name}"`, 'aria-current="page"')
    .replaceAll(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole)
}

function ownFiles(): [string, StaticFile][] {
  const scripts = packageFolder('dist/src/face/threadwell/page')
  const isServed = (name: string) => name.endsWith('.js') && !name.endsWith('.test.js')
  return [
    ...filesIn(scripts, isServed).map(([name, path]) => entry(`page/${name}`, path)),
    ...filesIn(assetsFolder('threadwell/styles')).map(([name, path]) => entry(name, path)),
    entry('favicon.svg', assetsFolder('threadwell/favicon.svg')),
  ]
}

function vendorFiles(): [string, StaticFile][] {
  return Object.entries(VENDOR_FILES).flatMap(([name, served]) =>
    served.map(([inPackage, as]) => entry(as, join(folderOf(name), inPackage))),
  )
}

function componentFiles(): [string, StaticFile][] {
  const root = join(folderOf(COMPONENTS), 'dist-cdn')
  const isServed = (name: string) => /\.(js|css)$/.test(name)
  return COMPONENT_FOLDERS.flatMap((folder) =>
    filesIn(join(root, folder), isServed).map(([name, path]) =>
      entry(`page/vendor/wa/${folder}/${name}`, path),
    ),
  )
}

function filesIn(folder: string, isServed = (_name: string) => true): [name: string, path: string][] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => extname(name) !== '' && isServed(name))
    .map((name) => [name, join(folder, name)])
}

function entry(name: string, path: string): [string, StaticFile] {
  return [name, { path, type: TYPES[extname(path)] ?? 'application/octet-stream' }]
}

/** Beside our own files in a checkout; further up where npm has installed Runa among other packages. */
function folderOf(name: string, from = dirname(assetsFolder())): string {
  const folder = join(from, 'node_modules', name)
  return existsSync(folder) || dirname(from) === from ? folder : folderOf(name, dirname(from))
}

/** Own files by content, other people's by the version of their package. */
function digestOf(files: ReadonlyMap<string, StaticFile>): string {
  const digest = createHash('sha256')
  const own = dirname(assetsFolder())
  const packages = [...Object.keys(VENDOR_FILES), COMPONENTS, 'lucide-static']
  for (const name of packages) digest.update(readFileSync(join(folderOf(name), 'package.json')))
  digest.update(ICONS.join())
  for (const [name, { path }] of files) {
    if (!relative(own, path).includes('node_modules')) digest.update(name).update(readFileSync(path))
  }
  return digest.digest('hex').slice(0, 12)
}
