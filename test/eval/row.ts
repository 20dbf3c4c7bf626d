/** One figure about quality. */
export interface Row {
  readonly case: string
  readonly metric: string
  readonly value: number
}

export function row(name: string, metric: string, value: number): Row {
  return { case: name, metric, value: Number(value.toFixed(4)) }
}
