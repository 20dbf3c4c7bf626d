// Puts each program of Runa together with what it imports. Node takes half the time to read one large file that it takes for
// hundreds of small ones, and eight of its processes are started at once. What is under test in `src` is run as it is compiled.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const PROGRAM = /(^|\/)(main|[a-z0-9-]+-worker)\.js$/
/** They have machine code beside them, or are large and used by few. */
const APART = ['koffi', 'node-llama-cpp', 'libsodium-sumo']
/** Packages of CommonJS ask for Node's own modules in this way. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"

export async function bundlePrograms(root) {
  const source = join(root, 'dist/src')
  const target = join(root, 'dist/programs')
  rmSync(target, { recursive: true, force: true })
  const paths = readdirSync(source, { recursive: true }).filter(
    (path) => PROGRAM.test(path) && !path.includes('/page/'),
  )
  await build({
    entryPoints: paths.map((path) => join(source, path)),
    outbase: source,
    outdir: target,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: APART,
    banner: { js: REQUIRE },
    chunkNames: 'parts/[hash]',
    logLevel: 'warning',
  })
}
