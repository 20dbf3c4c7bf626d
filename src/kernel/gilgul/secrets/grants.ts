import type { Config } from '#kernel/config'
import type { ServiceSpec } from '../spec/spec.ts'

type Granted = Pick<ServiceSpec, 'name' | 'grants'>

/** Secrets that the description of a service grants it. What `runa secret grant` grants is in the vault. */
export function grantsOf({ grants = [] }: Granted): readonly string[] {
  return grants
}

/** Services whose descriptions grant that secret. */
export function describedFor(secret: string, services: readonly Granted[]): string[] {
  return services.filter((service) => grantsOf(service).includes(secret)).map(({ name }) => name)
}

/** A service with what runa.yaml grants it by naming it there: whoever asks other people's servers has the keys to them. */
export function grantedBy(spec: ServiceSpec, { engine }: Pick<Config, 'engine'>): ServiceSpec {
  const keys = engine.servers.flatMap(({ keySecret }) => keySecret ?? [])
  if (spec.name !== 'inference' || keys.length === 0) return spec
  return { ...spec, grants: [...new Set([...grantsOf(spec), ...keys])] }
}
