import type { ServiceSpec } from '../spec.ts'

type Granted = Pick<ServiceSpec, 'name' | 'grants'>

/** Secrets that the description of a service grants it. What `runa secret grant` grants is in the vault. */
export function grantsOf({ grants = [] }: Granted): readonly string[] {
  return grants
}

/** Services whose descriptions grant that secret. */
export function describedFor(secret: string, services: readonly Granted[]): string[] {
  return services.filter((service) => grantsOf(service).includes(secret)).map(({ name }) => name)
}
