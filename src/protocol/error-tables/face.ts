import type { ErrorEntry } from './entry.ts'

/** Conversations, boards and the HTTP face. */
export const FACE_ERRORS = {
  ANSWER_UNKNOWN: {
    means: 'There is no record of an answer of that id.',
    advice: 'Look at the thread for the ids of its answers; a removed thread takes its records with it.',
    retry: false,
  },
  BODY_TOO_LARGE: {
    means: 'The request is larger than requests of its kind may be. Nothing of it was kept.',
    advice: 'Send less at once, or use the command line for large files: `runa ingest`.',
    retry: false,
  },
  BOARD_FULL: {
    means: 'The board has reached its limit.',
    advice: 'Remove cards that are done, or start another board.',
    retry: false,
  },
  BOARD_UNKNOWN: {
    means: 'There is no such board, list or card.',
    advice: 'It may have been removed. Reload the page.',
    retry: false,
  },
  FOREIGN_REQUEST: {
    means: 'The request comes from another site, or was sent to a name that is not this machine.',
    advice: 'Open the page by the link that `runa status` prints.',
    retry: false,
  },
  KEYS_FULL: {
    means: 'The number of API keys has reached its limit.',
    advice: 'Revoke one that is no longer used: `runa key list`, then `runa key revoke ID`.',
    retry: false,
  },
  KEY_UNKNOWN: {
    means: 'There is no API key of that id.',
    advice: 'List them: `runa key list`.',
    retry: false,
  },
  NOT_LOGGED_IN: {
    means: 'The request carries no valid login.',
    advice: 'Open the link that `runa status` prints. Other programs need a key: `runa key create NAME`.',
    retry: false,
  },
  PATH_UNKNOWN: {
    means: 'There is nothing at that address.',
    advice: 'Check the address, or start from the first page.',
    retry: false,
  },
  PERSONA_UNKNOWN: {
    means: 'There is no persona of that id.',
    advice: 'Look into the folder `personas` in RUNA_HOME for those there are.',
    retry: false,
  },
  PORT_BUSY: {
    means: 'Another program listens on that port.',
    advice: 'Stop it, or choose another port: RUNA_PORT=0 takes any free one.',
    retry: false,
  },
  THREAD_UNKNOWN: {
    means: 'There is no thread of that id.',
    advice: 'It may have been removed. Start a new one.',
    retry: false,
  },
} as const satisfies Record<string, ErrorEntry>
