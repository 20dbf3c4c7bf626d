import { libc, systemError } from './libc.ts'

const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
/** CAP_LAST_CAP is 40; the kernel refuses what it does not know. */
const CAPABILITIES_MAX = 64
/**
 * Of root: past the owners of files, to low ports, and to memory that is never swapped. What leads past other rules goes,
 * such as CAP_PERFMON, with which one reads the memory of others, and CAP_SYS_ADMIN.
 */
const KEPT: readonly number[] = [
  /* CAP_DAC_OVERRIDE */ 1, /* CAP_DAC_READ_SEARCH */ 2, /* CAP_FOWNER */ 3, /* CAP_NET_BIND_SERVICE */ 10,
  /* CAP_IPC_LOCK */ 14,
]

const prctl = (option: number, value: number) =>
  libc('int prctl(int, ulong, ulong, ulong, ulong)')(option, value, 0, 0, 0)

/** No program that this process becomes or starts has more rights than it has, whatever that program's file says. */
export function setNoNewRights(): void {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1) !== 0) throw systemError('prctl(PR_SET_NO_NEW_PRIVS)')
}

/** The next program has of root's rights only those that services need. Who is not root has none, and keeps none. */
export function giveUpRootsRights(): void {
  if (process.geteuid?.() !== 0) return
  for (let capability = 0; capability < CAPABILITIES_MAX; capability += 1) {
    if (!KEPT.includes(capability)) prctl(PR_CAPBSET_DROP, capability)
  }
}
