import { RunaError } from '#protocol'
import { fence } from './access.ts'
import { isLinearisable, type Meaning, type Operation } from './linearisability.ts'
import type { Steps } from './runtime.ts'

/** A call by name, with what it is given. Results are text, so that they can be compared. */
export interface Call {
  readonly name: string
  readonly operands: readonly unknown[]
}

export function call(name: string, ...operands: unknown[]): Call {
  return { name, operands }
}

type Made = { -readonly [Field in keyof Operation<Call, string>]: Operation<Call, string>[Field] }

/** What was called and what came of it, in the order in which it happened. */
export class History {
  private readonly operations: Made[]
  private moment: number
  private text = ''

  /** Goes on from what was called before. */
  constructor(past?: History) {
    this.operations = [...(past?.operations ?? [])]
    this.moment = past?.moment ?? 0
  }

  /** Makes the calls one after the other, by the steps that `toSteps` gives for each. */
  *script(calls: readonly Call[], toSteps: (call: Call) => Steps): Steps<void> {
    for (const each of calls) {
      // Whoever says that one call came before another has learnt so from both, as over a barrier.
      yield fence()
      const operation = this.begin(each)
      const outcome = yield* outcomeOf(toSteps(each))
      yield fence()
      this.end(operation, outcome)
    }
  }

  /** Makes a call at once. */
  make(each: Call, perform: (call: Call) => unknown): string {
    const operation = this.begin(each)
    let result: string
    try {
      result = tell(perform(each))
    } catch (error) {
      result = tellError(error)
    }
    this.end(operation, result)
    return result
  }

  digest(): string {
    return this.text
  }

  /** Says what is wrong: nothing where there is one order of calls that explains all results. */
  judge(meaning: Meaning<Call, string>): string | undefined {
    if (isLinearisable(this.operations, meaning)) return undefined
    const lines = this.operations.map(({ call: { name, operands }, invokedAt, returnedAt, result }) => {
      const outcome = result === undefined ? 'never returned' : `gave ${result}`
      return `${name}(${operands.map(tell).join(', ')}) from ${invokedAt} to ${returnedAt} ${outcome}`
    })
    return `no order explains: ${lines.join('; ')}`
  }

  private begin(each: Call): Made {
    const operation: Made = {
      call: each,
      invokedAt: this.tick('+', each.name),
      returnedAt: Number.POSITIVE_INFINITY,
    }
    this.operations.push(operation)
    return operation
  }

  private end(operation: Made, result: string): void {
    operation.returnedAt = this.tick(`-${this.operations.indexOf(operation)}`, result)
    operation.result = result
  }

  private tick(what: string, about: string): number {
    this.text += `${what}${about};`
    this.moment += 1
    return this.moment
  }
}

function* outcomeOf(steps: Steps): Steps<string> {
  try {
    return tell(yield* steps)
  } catch (error) {
    return tellError(error)
  }
}

function tellError(error: unknown): string {
  if (error instanceof RunaError) return `refused ${error.code}`
  return `broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}

/** Bytes as the letter that they are filled with and their number; `torn` when they are of more than one filling. */
export function tell(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(value)
  const text = Buffer.from(value).toString('latin1')
  const runs = text.match(/(.)\1*/gs) ?? []
  return runs.map((run) => `${run[0]}${run.length}`).join('+')
}

/** Bytes that show when they are torn. */
export function bytesOf(letter: string, length = 12): Uint8Array {
  return new Uint8Array(length).fill(letter.charCodeAt(0))
}
