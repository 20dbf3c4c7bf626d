/**
 * Where in a YAML text the value at `path` stands, or what is nearest above it. `node`: of a document that keeps its places,
 * as the package yaml makes it; nothing of that package is loaded here, since few who read contracts read YAML.
 */
export function offsetOf(node: unknown, path: readonly PropertyKey[]): number | undefined {
  const own = startOf(node)
  const [key, ...rest] = path
  if (key === undefined || node === null || typeof node !== 'object' || !('get' in node)) return own
  const next = (node as { get(key: unknown, keepScalar: boolean): unknown }).get(key, true)
  if (next === undefined || next === null) return own
  const keyOffset = startOf(pairsOf(node).find((pair) => String(pair.key) === String(key))?.key)
  if (rest.length === 0) return keyOffset ?? offsetOf(next, rest)
  return offsetOf(next, rest) ?? keyOffset ?? own
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0]
}

/** None where it is a list. */
function pairsOf(node: object): readonly { readonly key?: unknown }[] {
  return 'items' in node && Array.isArray(node.items) ? node.items.filter(isPair) : []
}

function isPair(item: unknown): item is { readonly key: unknown } {
  return typeof item === 'object' && item !== null && 'key' in item
}
