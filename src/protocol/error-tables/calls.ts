import type { ErrorEntry } from './entry.ts'

/** What any call may end with. */
export const CALLS_ERRORS = {
  BAD_INPUT: {
    means: 'The input does not fit the contract. Nothing was changed.',
    advice: 'Correct the field that is named and try again.',
    retry: false,
  },
  BUSY: {
    means: 'The service already runs as many of these calls as its contract allows.',
    advice: 'Wait a moment and try again.',
    retry: true,
  },
  BUS_BACKPRESSURE: {
    means: 'The receiver does not keep up, and the buffer between has reached its limit.',
    advice: 'Wait a moment and try again; if it stays, look for the service that hangs.',
    retry: true,
  },
  CANCELLED: {
    means: 'The caller no longer wants the answer.',
    advice: 'Nothing needs to be done.',
    retry: false,
  },
  DEADLINE_EXCEEDED: {
    means: 'The answer did not come within the time that the caller allowed.',
    advice: 'Try again with more time, or ask for less.',
    retry: true,
  },
  INTERNAL: {
    means:
      'A fault in Runa itself. The details are in the log of the service, since they may hold private words.',
    advice: 'Look into the log under the trace that is named, and report the fault.',
    retry: false,
  },
  SERVICE_LOST: {
    means: 'The service went away or fell silent before it had answered.',
    advice: 'Try again: the service is started anew. If it stays away, look into its log.',
    retry: true,
  },
  UNKNOWN_OPERATION: {
    means: 'The service has no operation of that name.',
    advice: 'Update the older of the two sides: they speak different versions of the contract.',
    retry: false,
  },
} as const satisfies Record<string, ErrorEntry>
