import type { Verb } from './verb.ts'
import { BUS_VERBS } from './verb-tables/bus-verbs.ts'
import { RECORD_VERBS } from './verb-tables/record-verbs.ts'
import { STORE_VERBS } from './verb-tables/store-verbs.ts'
import { TOPIC_VERBS } from './verb-tables/topic-verbs.ts'

/** Everything that `runa bus` can do. Whatever is added here is in the help, at the prompt and in completion. */
export const VERBS: readonly Verb[] = [...STORE_VERBS, ...TOPIC_VERBS, ...RECORD_VERBS, ...BUS_VERBS]
