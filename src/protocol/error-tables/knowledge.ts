import type { ErrorEntry } from './entry.ts'

/** Documents, searches, memory, and how a person likes to be spoken to. */
export const KNOWLEDGE_ERRORS = {
  CONSENT_NEEDED: {
    means: 'Nothing about how you like to be spoken to is kept before you agree to it.',
    advice: 'Agree first, if you wish: to keeping what you set, or also to counting how you write.',
    retry: false,
  },
  DOCUMENT_IGNORED: {
    means:
      'The file is none of those that are taken from a folder: it is hidden, a link, or of another kind.',
    advice: 'If it is text and you want it, name the file itself.',
    retry: false,
  },
  DOCUMENT_INVALID: {
    means: 'The document cannot be read as text, or its front matter is not valid YAML.',
    advice: 'Correct the document, or leave it out.',
    retry: false,
  },
  DOCUMENT_TOO_LARGE: {
    means: 'The document is larger than one document may be.',
    advice: 'Split it into several files.',
    retry: false,
  },
  DOCUMENT_UNKNOWN: {
    means: 'The topic has no such document.',
    advice: 'List what it has: `runa topics NAME`.',
    retry: false,
    quotes: true,
  },
  FILTER_INVALID: {
    means: 'The filter cannot be understood.',
    advice: 'Correct it at the column that is named. An example: year >= 2020 and lang = "en"',
    retry: false,
    quotes: true,
  },
  PROFILE_NEWER: {
    means: 'What is kept about how you like to be spoken to was written by a newer version of Runa.',
    advice: 'Use that version, or move the file away to begin anew.',
    retry: false,
  },
  MEMORY_CORRUPT: {
    means:
      'The chain of the memory is broken: a record was changed, removed or put elsewhere. Nothing was touched.',
    advice: 'Copy the folder aside, then restore it from a snapshot with its keys; check the disk.',
    retry: false,
  },
  MEMORY_FULL: {
    means: 'The memory has reached its limit. What it holds is safe.',
    advice: 'Forget what is no longer needed, or end conversations that are off the record.',
    retry: false,
  },
  MEMORY_IN_USE: {
    means: 'Another process has the memory open, and two would break its chain. Nothing was touched.',
    advice: 'Stop the other one: `runa down`, or whatever else has that folder open.',
    retry: true,
  },
  MEMORY_LOCKED: {
    means:
      'The memory cannot be opened: the key in the vault belongs to another one, or its own key file is gone.',
    advice: 'Put the folders `vault` and `memory` back from the same backup.',
    retry: false,
  },
  MEMORY_OFF: {
    means:
      'The memory keeps nothing, since it has no key: Runa runs without coven. Everything is off the record.',
    advice: 'Start Runa with coven: `runa down`, then `runa up`.',
    retry: false,
  },
  TOPIC_CORRUPT: {
    means:
      'The file of a stored document is damaged. It is left out of searches; the others are not affected.',
    advice: 'Ingest the document again, or restore the file from a backup.',
    retry: false,
  },
  TOPIC_FULL: {
    means: 'The topic has reached its limit.',
    advice: 'Put the rest into another topic.',
    retry: false,
  },
  TOPIC_UNKNOWN: {
    means: 'There is no topic of that name.',
    advice: 'List them: `runa topics`. Make one: `runa ingest PATH --topic NAME`.',
    retry: false,
  },
  TURN_FORGOTTEN: {
    means: 'This turn was forgotten because somebody wished it so. Nothing can bring it back.',
    advice: 'Go on without it.',
    retry: false,
  },
  TURN_UNKNOWN: {
    means: 'The memory holds no such turn.',
    advice: 'Check the id.',
    retry: false,
  },
} as const satisfies Record<string, ErrorEntry>
