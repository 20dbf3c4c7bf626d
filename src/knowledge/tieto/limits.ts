/** Of one source file or text. A larger one is skipped with DOCUMENT_TOO_LARGE. */
export const DOCUMENT_BYTES_MAX = 8 * 2 ** 20
/** At these a topic refuses the next document with TOPIC_FULL. Its texts, postings and vectors are held in memory. */
export const CHUNKS_PER_TOPIC_MAX = 40_000
export const DOCUMENTS_PER_TOPIC_MAX = 20_000
/** Further topics are refused with TOPIC_FULL. */
export const TOPICS_MAX = 1_000
/** Held in memory. At the limits topics that were used longest ago are let go, and read again when they are asked. */
export const TOPICS_OPEN_MAX = 16
export const CHUNKS_OPEN_MAX = 60_000
/** Files and folders looked at in one ingest. More are refused with TOPIC_FULL, before anything is stored. */
export const FILES_PER_INGEST_MAX = 100_000
export const NAME_LENGTH_MAX = 1_024
/** Characters. What does not end within them is no front matter, but text between two rules. */
export const FRONT_MATTER_LENGTH_MAX = 65_536
/** Of one piece that is read back; longer ones are refused with BAD_INPUT. */
export const READ_BYTES_MAX = 256 * 1_024
/** Of what the service answers at once. The weaker passages and the later documents of a page are left out. */
export const ANSWER_BYTES_MAX = 768 * 1_024
