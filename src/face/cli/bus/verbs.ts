import type { Verb } from './verb.ts'
import { BUS_VERBS } from './verb-tables/bus-verbs.ts'
import { KEEPING_VERBS } from './verb-tables/keeping-verbs.ts'
import { LIFE_VERBS } from './verb-tables/life-verbs.ts'
import { RECORD_VERBS } from './verb-tables/record-verbs.ts'
import { STORE_VERBS } from './verb-tables/store-verbs.ts'
import { TOPIC_VERBS } from './verb-tables/topic-verbs.ts'

/** Everything that `runa bus` can do. Whatever is added here is in the help, at the prompt and in completion. */
export const VERBS: readonly Verb[] = [
  ...STORE_VERBS,
  ...LIFE_VERBS,
  ...TOPIC_VERBS,
  ...KEEPING_VERBS,
  ...RECORD_VERBS,
  ...BUS_VERBS,
]
