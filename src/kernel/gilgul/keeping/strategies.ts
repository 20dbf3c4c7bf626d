import type { ServiceSpec } from '../spec/spec.ts'

type Grouped = Pick<ServiceSpec, 'name' | 'needs' | 'group'>

/**
 * Which others are restarted when `dead` has died: none, all of its group, or those of its group that need it, also by way
 * of others. After the strategies of Erlang's supervisors; what comes "after" is who needs it, and no order of lines.
 */
export function companionsOf(dead: Grouped, all: readonly Grouped[]): string[] {
  const { name, group } = dead
  if (group === undefined || group.strategy === 'one_for_one') return []
  const others = all.filter((one) => one.name !== name && one.group?.name === group.name)
  const affected = group.strategy === 'one_for_all' ? undefined : dependentsOf(name, all)
  return others.filter((one) => affected?.has(one.name) ?? true).map((one) => one.name)
}

function dependentsOf(name: string, all: readonly Grouped[]): Set<string> {
  const found = new Set<string>()
  const ahead = [name]
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    for (const one of all) {
      if (found.has(one.name) || !one.needs.includes(next)) continue
      found.add(one.name)
      ahead.push(one.name)
    }
  }
  return found
}
