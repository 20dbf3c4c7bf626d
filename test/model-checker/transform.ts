import { parse } from 'acorn'

/** As ESTree has it. */
interface Syntax {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** Where a piece of code stands: in a function that takes steps, or in one that cannot. */
interface Place {
  /** Constructors, accessors, async functions and the outside of functions cannot stop between two accesses. */
  readonly takesSteps: boolean
  /** An arrow function has become one of its own kind of `this`: it is given that of the function around it. */
  readonly isArrow: boolean
  /** Names of its scratch variables. */
  readonly scratch: string[]
}

/** Of arrays in shared memory: many words or bytes at once. */
const BULK = new Set([
  ...['set', 'copy', 'compare', 'fill', 'toString', 'copyWithin', 'equals', 'slice', 'indexOf', 'includes'],
  ...['readInt32LE', 'readUInt32LE', 'writeInt32LE', 'writeUInt32LE', 'readDoubleLE', 'writeDoubleLE'],
  ...['readBigUInt64LE', 'writeBigUInt64LE', 'readBigInt64LE', 'writeBigInt64LE', 'utf8Slice', 'latin1Slice'],
  ...['readUInt8', 'writeUInt8', 'readUInt16LE', 'writeUInt16LE', 'write'],
])
/** They call what they are given, which takes steps from now on. */
const CALLING = new Set([
  ...['map', 'filter', 'some', 'find', 'findIndex', 'forEach', 'flatMap', 'reduce', 'sort', 'from', 'every'],
])

/**
 * Turns a compiled module into the body of a function of `$runtime, $import, $exports`, in which each function is a
 * generator that yields before each access to shared memory, and is sent what the access gives.
 */
export function transformModule(source: string, path: string): { code: string; imports: string[] } {
  const program = parse(source, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as Syntax
  const printer = new Printer(source, path)
  const code = printer.print(program, { takesSteps: false, isArrow: false, scratch: [] })
  return { code: `'use strict';${code}`, imports: printer.imports }
}

class Printer {
  readonly imports: string[] = []
  private readonly source: string
  private readonly path: string
  private scratchCount = 0

  constructor(source: string, path: string) {
    this.source = source
    this.path = path
  }

  print(node: Syntax, place: Place): string {
    switch (node.type) {
      case 'Program':
        return this.program(node, place)
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.functionOf(node, '', false)
      case 'MethodDefinition':
      case 'Property':
        return this.member(node, place)
      case 'PropertyDefinition':
        return this.splice(node, { takesSteps: false, isArrow: false, scratch: [] })
      case 'ThisExpression':
        return place.isArrow ? '$this' : 'this'
      case 'CallExpression':
        return this.call(node, place)
      case 'MemberExpression':
        return isIndexed(node) ? this.indexed(node, place) : this.splice(node, place)
      case 'AssignmentExpression':
        return isIndexed(node['left'] as Syntax) ? this.assignment(node, place) : this.splice(node, place)
      case 'UpdateExpression':
        return isIndexed(node['argument'] as Syntax) ? this.update(node, place) : this.splice(node, place)
      case 'Identifier':
        if (this.text(node) === 'Atomics') throw this.unsupported(node)
        return this.text(node)
      default:
        return this.splice(node, place)
    }
  }

  /** The source of the node, with that of each child as it is printed. */
  private splice(node: Syntax, place: Place): string {
    let text = ''
    let at = node.start
    for (const child of childrenOf(node)) {
      text += this.source.slice(at, child.start) + this.print(child, place)
      at = child.end
    }
    return text + this.source.slice(at, node.end)
  }

  private text(node: Syntax): string {
    return this.source.slice(node.start, node.end)
  }

  private unsupported(node: Syntax): Error {
    const line = this.source.slice(0, node.start).split('\n').length
    return new Error(`${this.path}:${line} cannot be taken apart: ${this.text(node).slice(0, 80)}`)
  }

  private scratch({ scratch }: Place): string {
    this.scratchCount += 1
    const name = `$${this.scratchCount}`
    scratch.push(name)
    return name
  }

  private program(node: Syntax, place: Place): string {
    const exported: string[] = []
    const statements = (node['body'] as Syntax[]).map((statement) =>
      this.statement(statement, place, exported),
    )
    const scratch = place.scratch.length > 0 ? `let ${place.scratch.join(', ')};` : ''
    return `${scratch}${statements.join('\n')}\nObject.assign($exports, { ${exported.join(', ')} });`
  }

  private statement(node: Syntax, place: Place, exported: string[]): string {
    const specifiers = (node['specifiers'] as Syntax[] | undefined) ?? []
    const source = node['source'] as Syntax | null | undefined
    const declaration = node['declaration'] as Syntax | null | undefined
    if (node.type === 'ImportDeclaration') {
      const names = specifiers.map((specifier) => {
        if (specifier.type !== 'ImportSpecifier') throw this.unsupported(node)
        return `${this.text(specifier['imported'] as Syntax)}: ${this.text(specifier['local'] as Syntax)}`
      })
      return `const { ${names.join(', ')} } = ${this.importing(source as Syntax)};`
    }
    if (node.type === 'ExportAllDeclaration') {
      return `Object.assign($exports, ${this.importing(source as Syntax)});`
    }
    if (node.type !== 'ExportNamedDeclaration') return this.print(node, place)
    const from = source ? `${this.importing(source)}.` : ''
    for (const specifier of specifiers) {
      const [local, name] = [specifier['local'] as Syntax, specifier['exported'] as Syntax]
      exported.push(`${this.text(name)}: ${from}${this.text(local)}`)
    }
    if (!declaration) return ''
    exported.push(...namesOf(declaration).map((name) => this.text(name)))
    return this.print(declaration, place)
  }

  private importing(source: Syntax): string {
    const specifier = String(source['value'])
    this.imports.push(specifier)
    return `$import(${JSON.stringify(specifier)})`
  }

  private member(node: Syntax, place: Place): string {
    const value = node['value'] as Syntax | null
    const isMethod = node.type === 'MethodDefinition' || node['method'] === true || node['kind'] !== 'init'
    if (!isMethod || value === null) {
      return node['shorthand'] === true && value ? this.print(value, place) : this.splice(node, place)
    }
    const key = this.print(node['key'] as Syntax, place)
    const name = node['computed'] === true ? `[${key}]` : key
    const kind = String(node['kind'])
    const isPlain = kind === 'get' || kind === 'set' || kind === 'constructor'
    const prefix = kind === 'get' || kind === 'set' ? `${kind} ` : ''
    return `${node['static'] === true ? 'static ' : ''}${this.functionOf(value, `${prefix}${name}`, isPlain)}`
  }

  /** `name` is that of a method. */
  private functionOf(node: Syntax, name: string, isPlain: boolean): string {
    const [isAsync, isGenerator] = [node['async'] === true, node['generator'] === true]
    const takesSteps = !isPlain && !isAsync && !isGenerator
    const isArrow = node.type === 'ArrowFunctionExpression'
    const place = { takesSteps, isArrow, scratch: [] }
    const outside = { takesSteps: false, isArrow, scratch: place.scratch }
    const parameters = (node['params'] as Syntax[])
      .map((parameter) => this.print(parameter, outside))
      .join(', ')
    const body = node['body'] as Syntax
    const isBlock = body.type === 'BlockStatement'
    const inner = isBlock ? this.splice(body, place).slice(1, -1) : `return (${this.print(body, place)});`
    const scratch = place.scratch.length > 0 ? `let ${place.scratch.join(', ')};` : ''
    const self = isArrow || !inner.includes('$this') ? '' : 'const $this = this;'
    const star = takesSteps || isGenerator ? '*' : ''
    const async = isAsync ? 'async ' : ''
    const block = `{${scratch}${self}${inner}}`
    if (name !== '') return `${async}${isPlain ? '' : star}${name}(${parameters})${block}`
    const own = node['id'] ? this.text(node['id'] as Syntax) : ''
    const whole = `${async}function${star} ${own}(${parameters})${block}`
    return node.type === 'FunctionDeclaration' ? whole : `(${whole})`
  }

  private call(node: Syntax, place: Place): string {
    const callee = node['callee'] as Syntax
    const isMember = callee.type === 'MemberExpression'
    const object = callee['object'] as Syntax
    const name = isMember && callee['computed'] !== true ? this.text(callee['property'] as Syntax) : ''
    const printed = (node['arguments'] as Syntax[]).map((argument) => this.print(argument, place)).join(', ')
    if (isMember && this.text(object) === 'Atomics') {
      return request(place, `$runtime.atomic('${name}', ${printed})`)
    }
    const isOptional = node['optional'] === true || callee['optional'] === true
    if (!isOptional && (BULK.has(name) || CALLING.has(name))) {
      const helper = BULK.has(name) ? 'bulk' : 'calling'
      return steps(place, `$runtime.${helper}(${this.print(object, place)}, '${name}', [${printed}])`)
    }
    const target = isMember ? this.splice(callee, place) : this.print(callee, place)
    const call = `${target}${node['optional'] === true ? '?.' : ''}(${printed})`
    if (callee.type === 'Super') return call
    if (!place.takesSteps) return `$runtime.now(${call})`
    const result = this.scratch(place)
    return `($runtime.isSteps(${result} = ${call}) ? yield* ${result} : ${result})`
  }

  private indexed(node: Syntax, place: Place): string {
    const array = this.scratch(place)
    const index = this.print(node['property'] as Syntax, place)
    const object = this.print(node['object'] as Syntax, place)
    const read = request(place, `$runtime.read(${array}, ${index})`)
    return `($runtime.isShared(${array} = ${object}) ? ${read} : ${array}[${index}])`
  }

  private assignment(node: Syntax, place: Place): string {
    const left = node['left'] as Syntax
    const operator = String(node['operator'])
    const value = this.print(node['right'] as Syntax, place)
    return this.change(left, place, operator, value, (private_) => `${private_} ${operator} ${value}`)
  }

  private update(node: Syntax, place: Place): string {
    const operator = String(node['operator'])
    const isPrefix = node['prefix'] === true
    const toPrivate = (target: string) => (isPrefix ? `${operator}${target}` : `${target}${operator}`)
    return this.change(node['argument'] as Syntax, place, `${operator[0]}=`, '1', toPrivate)
  }

  private change(
    target: Syntax,
    place: Place,
    operator: string,
    value: string,
    toPrivate: (target: string) => string,
  ): string {
    const [array, index] = [this.scratch(place), this.scratch(place)]
    const object = this.print(target['object'] as Syntax, place)
    const property = this.print(target['property'] as Syntax, place)
    const current = request(place, `$runtime.read(${array}, ${index})`)
    const next = operator === '=' ? value : `${current} ${operator.slice(0, -1)} (${value})`
    const write = request(place, `$runtime.write(${array}, ${index}, ${next})`)
    const otherwise = toPrivate(`${array}[${index}]`)
    return `(${array} = ${object}, ${index} = ${property}, $runtime.isShared(${array}) ? ${write} : ${otherwise})`
  }
}

/** One access: where no step can be taken, it is made at once. */
function request({ takesSteps }: Place, access: string): string {
  return takesSteps ? `(yield ${access})` : `$runtime.now(${access})`
}

function steps({ takesSteps }: Place, generator: string): string {
  return takesSteps ? `(yield* ${generator})` : `$runtime.now(${generator})`
}

function isIndexed(node: Syntax): boolean {
  if (node.type !== 'MemberExpression' || node['computed'] !== true || node['optional'] === true) return false
  return (
    (node['property'] as Syntax).type !== 'Literal' ||
    typeof (node['property'] as Syntax)['value'] === 'number'
  )
}

function childrenOf(node: Syntax): Syntax[] {
  const children = Object.values(node)
    .flat()
    .filter((value): value is Syntax => value !== null && typeof value === 'object' && 'type' in value)
  return children.sort((a, b) => a.start - b.start)
}

function namesOf(declaration: Syntax): Syntax[] {
  if (declaration.type !== 'VariableDeclaration') return [declaration['id'] as Syntax]
  return (declaration['declarations'] as Syntax[]).map((declarator) => declarator['id'] as Syntax)
}
