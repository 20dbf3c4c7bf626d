import { isMap } from 'yaml'

/** Where in the text the value at `path` stands, or what is nearest above it. */
export function offsetOf(node: unknown, path: readonly PropertyKey[]): number | undefined {
  const own = (node as { range?: readonly number[] } | null)?.range?.[0]
  const [key, ...rest] = path
  if (key === undefined || node === null || typeof node !== 'object' || !('get' in node)) return own
  const next = (node as { get(key: unknown, keepScalar: boolean): unknown }).get(key, true)
  if (next === undefined || next === null) return own
  const pair = isMap(node) ? node.items.find((item) => String(item.key) === String(key)) : undefined
  const keyOffset = (pair?.key as { range?: readonly number[] } | undefined)?.range?.[0]
  return rest.length === 0 ? (keyOffset ?? own) : offsetOf(next, rest)
}
