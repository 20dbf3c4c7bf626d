import * as z from 'zod'

const MEBIBYTE = 2 ** 20

const place = z.string().regex(/^[^\0]+$/, 'is a path')
/** Into arguments of QEMU and into files of Xen, where a comma or a quote would begin another setting. */
const plainPlace = z.string().regex(/^[^\0,"'\n]+$/, 'is a path without commas, quotes and line breaks')

/** What a service is kept away from. Paths are relative to the folder of runa.yaml. */
export const isolationSchema = z
  .strictObject({
    kind: z.enum(['none', 'landlock', 'user', 'bubblewrap', 'chroot', 'qemu', 'xen']).default('none'),
    /** Where this machine cannot do it: the service is not started. Otherwise it is, with less, and status says so. */
    required: z.boolean().default(true),
    /** user, chroot: whom it runs as, by name or number. */
    user: z
      .string()
      .regex(
        /^([a-z_][a-z0-9_-]{0,31}|[1-9]\d{0,8})$/,
        'is the name or the number of a user that is not root',
      )
      .optional(),
    /** landlock, bubblewrap: whether it has the network of this machine. The others have it, but for qemu and xen, which have none. */
    network: z.boolean().default(false),
    /** landlock, bubblewrap: what it may read and write beside its own folder. */
    read: z.array(place).max(32).default([]),
    write: z.array(place).max(32).default([]),
    /** chroot: the folder of its system. */
    root: place.optional(),
    /** qemu and xen: what the machine starts from. */
    kernel: plainPlace.optional(),
    initrd: plainPlace.optional(),
    disk: plainPlace.optional(),
    /** qemu: whether the processor runs the machine where it can; otherwise it is emulated, some ten times slower. */
    kvm: z.boolean().default(true),
  })
  .superRefine(({ kind, user, root, kernel }, context) => {
    const missing = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (kind === 'user' && user === undefined) missing('user', 'is missing: as whom it is to run')
    if (kind === 'chroot' && root === undefined) missing('root', 'is missing: the folder of its system')
    if (kind === 'chroot' && user === undefined) missing('user', 'is missing: root leaves a chroot at will')
    if ((kind === 'qemu' || kind === 'xen') && kernel === undefined)
      missing('kernel', 'is missing: what the machine starts')
  })
export type Isolation = z.output<typeof isolationSchema>
export type IsolationKind = Isolation['kind']

/** What a service may use at most, together with all that it starts. With less than the least, no bridge comes up. */
export const limitsSchema = z.strictObject({
  memoryBytes: z
    .number()
    .int()
    .min(96 * MEBIBYTE)
    .optional(),
  /** Processes and threads. */
  tasks: z.number().int().min(32).max(100_000).optional(),
  /** 1.5 is one and a half of them. */
  processors: z.number().min(0.05).max(1_024).optional(),
})
export type Limits = z.output<typeof limitsSchema>
