/** What a gilgul learns at its birth, beside the environment of a service. */
export const BIRTH = {
  /** Set where an ancestor has left open what HOLDING_FDS says. */
  held: 'RUNA_HELD',
  restarts: 'RUNA_RESTARTS',
  home: 'RUNA_HOME',
  port: 'RUNA_PORT',
  /** Set where coven waits at the other end of a link. Who sets it without having one only keeps gilgul from starting. */
  coven: 'RUNA_COVEN',
  /** What to run when the ancestor has died, as a JSON list. */
  heir: 'RUNA_HEIR',
  /** When ancestors were succeeded, by `monotonicMs`, as a JSON list. Whoever has it has inherited HOLDING_FDS. */
  successions: 'RUNA_SUCCESSIONS',
  /** NODE_EXTRA_CA_CERTS under a name that Node does not know: reading them costs each process 30 ms. */
  certificates: 'RUNA_EXTRA_CA_CERTS',
} as const
