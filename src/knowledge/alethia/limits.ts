/** Of one record, before it is sealed. It leaves room in a message for what stands around it. */
export const ENTRY_BYTES_MAX = 896 * 1_024
/** Of what is sealed on one day. At the limit further turns are refused with JOURNAL_FULL, until tomorrow. */
export const DAY_BYTES_MAX = 64 * 2 ** 20
/** Ten years. Each holds a file of records and one of keys. */
export const DAYS_MAX = 3_660
/** Their words are held in memory, and read back at the start: with so many it takes some seconds. */
export const TURNS_MAX = 20_000
export const TEXT_BYTES_MAX = 64 * 2 ** 20
/** One more is told to forget less at once. */
export const TURNS_PER_FORGET_MAX = 10_000
/** Verdicts and corrections together. One more is refused with MEMORY_FULL. */
export const FEEDBACKS_PER_TURN_MAX = 100
/** Changes that wait for their turn at the disk. One more is refused with BUSY. */
export const CHANGES_WAITING_MAX = 64

/** Of all threads that are off the record, together. */
export const OFF_THREADS_MAX = 16
export const OFF_TURNS_MAX = 1_000
export const OFF_BYTES_MAX = 8 * 2 ** 20

/** Of the days whose sealed records stay in memory after they were read. At the limit the one read longest ago goes. */
export const DAYS_HELD_BYTES_MAX = 16 * 2 ** 20

/** Of what the service answers at once. */
export const ANSWER_BYTES_MAX = 768 * 1_024
/** Beside what else is in an answer: a turn has you and a persona, but other programs may put anybody into one. */
export const SPEAKERS_LISTED_MAX = 200
