import type * as z from 'zod'
import type { CovenOperation, covenContract } from '#protocol'

export type Operations = (typeof covenContract)['operations']
export interface Answer<Name extends CovenOperation> {
  readonly output: z.input<Operations[Name]['output']>
  /** Wiped once it was sent. */
  readonly value?: Buffer
}

/** What coven does for gilgul: one function for each operation of its contract, with the secret beside the input. */
export type CovenHandlers = {
  readonly [Name in CovenOperation]: (
    input: z.output<Operations[Name]['input']>,
    value: Buffer,
  ) => Promise<Answer<Name>>
}
