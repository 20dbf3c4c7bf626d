import type { ErrorEntry } from './entry.ts'

/** Models and policies. */
export const ENGINE_ERRORS = {
  CONTEXT_FULL: {
    means: 'The conversation is longer than the model can read at once. Nothing was cut off in silence.',
    advice: 'Start a new thread, ask with fewer documents, or use a model with a longer context.',
    retry: false,
  },
  ENGINE_UNREACHABLE: {
    means: 'The server that should answer cannot be reached, or does not speak as it should.',
    advice: 'Check that it runs and that its address in runa.yaml is right.',
    retry: true,
  },
  MODEL_EXISTS: {
    means: 'There is already a model of that id.',
    advice: 'Give another id with --id, or remove the old one: `runa models remove ID`.',
    retry: false,
  },
  MODEL_FAILED: {
    means: 'The process of the model ended or answered with an error.',
    advice: 'Try again: it is started anew. If it fails again, look into its log: `runa logs`.',
    retry: true,
  },
  MODEL_GONE: {
    means: 'The file of the model has gone, or has changed since it was added.',
    advice:
      'Put the file back where it was, or add the model anew: `runa models remove ID`, then `runa models add FILE`.',
    retry: false,
  },
  MODEL_INVALID: {
    means: 'The file is not a model that the engine can read. Nothing was added.',
    advice: 'Check that it is a whole GGUF file; fetch it again if in doubt.',
    retry: false,
  },
  MODEL_TOO_LARGE: {
    means: 'The model needs more memory than this machine has free.',
    advice: 'Close other programs, or use a smaller model: `runa models suggest`.',
    retry: false,
  },
  MODEL_UNKNOWN: {
    means: 'There is no model of that id.',
    advice: 'List them: `runa models list`.',
    retry: false,
  },
  POLICY_INVALID: {
    means: 'A policy cannot be compiled, so it protects nobody.',
    advice: 'Correct the rule that is named. Until then Runa keeps the policy it had, or does not start.',
    retry: false,
  },
} as const satisfies Record<string, ErrorEntry>
