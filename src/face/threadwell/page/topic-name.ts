/** The name that a topic gets from what a person typed: `Häuser & Gärten` becomes `hauser-garten`. May be empty. */
export function topicNameOf(typed: string): string {
  return typed
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replace(/^-+|-+$/g, '')
}
