import { type Declaration, readDeclarations } from './declarations.ts'

/** A page on a library: its functions, then its types, each as it is declared and with what stands above it. */
export function printLibrary(introduction: string, indexFile: string): string {
  const declarations = readDeclarations(indexFile)
  const [functions, types] = [true, false].map((wanted) =>
    declarations.filter(({ isFunction }) => isFunction === wanted).map(printDeclaration),
  )
  return [introduction, '## Functions\n', ...(functions ?? []), '## Types\n', ...(types ?? [])].join('\n')
}

function printDeclaration({ name, remark, code }: Declaration): string {
  const indented = code.replaceAll(/^(?: {4})+/gm, (spaces) => ' '.repeat(spaces.length / 2))
  return `### ${name}\n\n${remark === '' ? '' : `${remark}\n\n`}\`\`\`ts\n${indented}\n\`\`\`\n`
}
