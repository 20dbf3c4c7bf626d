import { BLOCK_BYTES_MIN } from '../segment/geometry.ts'

/** The order of the smallest block that so many bytes fit into: it has 2^order units. */
export function orderFor(sizeBytes: number): number {
  return sizeBytes <= BLOCK_BYTES_MIN ? 0 : 26 - Math.clz32(sizeBytes - 1)
}

/**
 * Which blocks of memory are free: a binary buddy system (Knowlton, 1965) as one tree of bytes. A node says which is the
 * largest free block below it: 0 for none, else its order plus one. Taking and freeing walk one path, and what is next to
 * each other joins by itself. It knows nothing of who holds a block.
 */
export class Arena {
  private readonly tree: Uint8Array
  private readonly leaves: number
  private readonly units: number
  readonly orderMax: number

  /** `tree` has two bytes for each of the leaves, which are a power of two, and at least as many as there are units. */
  constructor(tree: Uint8Array, units: number) {
    this.tree = tree
    this.leaves = tree.length >> 1
    this.units = units
    this.orderMax = 31 - Math.clz32(this.leaves)
  }

  /** Everything is free. */
  reset(): void {
    const { tree, units } = this
    for (let order = 0; order <= this.orderMax; order += 1) {
      const first = this.leaves >>> order
      const whole = units >>> order
      tree.fill(order + 1, first, first + whole)
      tree.fill(0, first + whole, 2 * first)
      if (order > 0 && whole < first) this.combine(first + whole, order)
    }
  }

  /** The first unit of a block that was free, or −1 where none is. */
  take(order: number): number {
    const { tree } = this
    if (order > this.orderMax || (tree[1] ?? 0) <= order) return -1
    let node = 1
    for (let above = this.orderMax; above > order; above -= 1) {
      const [left, right] = [tree[2 * node] ?? 0, tree[2 * node + 1] ?? 0]
      // The tighter half, so that large blocks stay whole.
      node = 2 * node + (left > order && (left <= right || right <= order) ? 0 : 1)
    }
    const unit = (node << order) - this.leaves
    // Only a damaged tree leads to a node that is not free.
    if (tree[node] !== order + 1 || !this.isBlock(unit, order)) return -1
    this.mark(node, order, 0)
    return unit
  }

  /** Takes that very block. False where it is not free, or no block at all. */
  takeAt(unit: number, order: number): boolean {
    if (!this.isBlock(unit, order)) return false
    const node = (this.leaves + unit) >>> order
    if (this.tree[node] !== order + 1) return false
    for (let above = node >>> 1; above > 0; above >>>= 1) {
      if ((this.tree[above] ?? 0) <= order) return false
    }
    this.mark(node, order, 0)
    return true
  }

  /** Of a block that was taken. */
  free(unit: number, order: number): void {
    if (this.isBlock(unit, order)) this.mark((this.leaves + unit) >>> order, order, order + 1)
  }

  isBlock(unit: number, order: number): boolean {
    if (order < 0 || order > this.orderMax || unit < 0) return false
    return (unit & ((1 << order) - 1)) === 0 && unit + (1 << order) <= this.units
  }

  private mark(node: number, order: number, value: number): void {
    this.tree[node] = value
    let above = order + 1
    for (let parent = node >>> 1; parent > 0; parent >>>= 1) {
      this.combine(parent, above)
      above += 1
    }
  }

  private combine(node: number, order: number): void {
    const { tree } = this
    const [left, right] = [tree[2 * node] ?? 0, tree[2 * node + 1] ?? 0]
    tree[node] = left === order && right === order ? order + 1 : Math.max(left, right)
  }
}
