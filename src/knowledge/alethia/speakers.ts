import { termsOf } from '#knowledge/search'

/** Who ever spoke, so that a question that names somebody can be told from one about a word. */
export interface Speakers {
  /** `change` utterances more, or fewer. Who has none left is unknown again. */
  count(name: string, change: number): void
  /** As they were first written. */
  names(): string[]
  /** The terms to look for, and who is named, in small letters, if just one is. Names tell who spoke, not of what. */
  read(query: string): { terms: string[]; named: string | undefined }
}

export function createSpeakers(): Speakers {
  const speakers = new Map<
    string,
    { readonly name: string; readonly terms: readonly string[]; utterances: number }
  >()
  return {
    count(name, change) {
      const speaker = speakers.get(name.toLowerCase()) ?? { name, terms: termsOf(name), utterances: 0 }
      speaker.utterances += change
      if (speaker.utterances > 0) speakers.set(name.toLowerCase(), speaker)
      else speakers.delete(name.toLowerCase())
    },
    names: () => [...speakers.values()].map(({ name }) => name).filter((name) => name !== ''),
    read(query) {
      const terms = termsOf(query)
      const asked = new Set(terms)
      const named = [...speakers].filter(
        ([, name]) => name.terms.length > 0 && name.terms.every((term) => asked.has(term)),
      )
      const names = new Set(named.flatMap(([, name]) => name.terms))
      const rest = terms.filter((term) => !names.has(term))
      return { terms: rest, named: named.length === 1 ? named[0]?.[0] : undefined }
    },
  }
}
