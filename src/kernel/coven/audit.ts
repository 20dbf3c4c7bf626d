import { createHash } from 'node:crypto'
import { type Journal, openJournal, readJournal, replaceJournal } from '#kernel/journal'
import { keepSecret, open, seal, wipe } from '#kernel/seal'
import { type AuditEntry, auditEntrySchema, RunaError } from '#protocol'
import type { AuditMark } from './vault-content.ts'

/** 64 MiB hold some 250,000 entries. */
const SIZE_BYTES_MAX = 64 * 2 ** 20
const ENTRY_BYTES_MAX = 4_096

export interface AuditOptions {
  readonly path: string
  /** Of the vault that the list belongs to. Copied. */
  readonly key: Buffer
  /** How far the list had come when the vault was last written. */
  readonly mark: AuditMark
}

/** Who was given which secret, and when: a list that can be added to and not changed. */
export interface Audit {
  mark(): AuditMark
  /** The highest revision that the vault had for certain, by what the entries say. */
  revision(): number
  /** Resolves once the entry is on the disk. Rejects with AUDIT_FAILED: then whatever it is about must not happen. */
  append(entry: AuditEntry): Promise<void>
  /** Writes all entries to another list, under another key. Resolves to how far that has come. Rejects as `replaceJournal`. */
  copyTo(path: string, key: Buffer): Promise<AuditMark>
  /** The latest entries, oldest first. */
  latest(count: number): Promise<AuditEntry[]>
  close(): Promise<void>
}

/**
 * Each entry is sealed with its number and the link of the one before as its context, and the link is a digest of the
 * link before and of what was sealed: without the key none can be made, changed, moved or left out, and from the place
 * that the vault has marked none can be cut off. Rejects with AUDIT_BROKEN.
 */
export async function openAudit({ path, key, mark }: AuditOptions): Promise<Audit> {
  const own = keepSecret(key)
  const settings = { sizeBytesMax: SIZE_BYTES_MAX, payloadBytesMax: ENTRY_BYTES_MAX }
  const opened = await openJournal(path, settings).catch((cause) => {
    throw new RunaError('AUDIT_BROKEN', undefined, { cause })
  })
  try {
    const chain = verifyChain(opened.payloads, own, mark)
    return createAudit(path, opened.journal, own, chain)
  } catch (error) {
    await opened.journal.close()
    throw error
  }
}

/** Whether a file is a list under this key that has come as far as the vault has marked. Changes nothing. */
export async function isListOf({ path, key, mark }: AuditOptions): Promise<boolean> {
  try {
    verifyChain(await readJournal(path, { sizeBytesMax: SIZE_BYTES_MAX }), key, mark)
    return true
  } catch {
    return false
  }
}

interface Chain {
  readonly head: AuditMark
  readonly revision: number
  readonly entries: readonly AuditEntry[]
}

function verifyChain(payloads: readonly Uint8Array[], key: Buffer, mark: AuditMark): Chain {
  let head: AuditMark = { count: 0, link: '' }
  let isMarked = mark.count === 0
  const entries = payloads.map((sealed) => {
    const entry = openEntry(sealed, key, head)
    head = { count: head.count + 1, link: linkOf(head.link, sealed) }
    if (head.count === mark.count) isMarked = head.link === mark.link
    return entry
  })
  if (!isMarked) {
    throw new RunaError('AUDIT_BROKEN', `The vault has seen ${mark.count} entries that are not in this list.`)
  }
  return {
    head,
    entries,
    revision: Math.max(0, ...entries.slice(-1_000).map(certainRevision)),
  }
}

/** What changes the vault is written down before it is done: a crash between the two leaves the vault one behind. */
function certainRevision({ operation, outcome, revision }: AuditEntry): number {
  return outcome === 'refused' || operation === 'reveal' ? revision : revision - 1
}

function openEntry(sealed: Uint8Array, key: Buffer, head: AuditMark): AuditEntry {
  try {
    return auditEntrySchema.parse(JSON.parse(open(key, sealed, contextOf(head)).toString('utf8')))
  } catch (cause) {
    throw new RunaError('AUDIT_BROKEN', `Entry ${head.count + 1} of the list does not belong there.`, {
      cause,
    })
  }
}

function createAudit(path: string, journal: Journal, key: Buffer, chain: Chain): Audit {
  let { head, revision } = chain
  let broken: RunaError | undefined
  let appending: Promise<void> = Promise.resolve()

  async function append(entry: AuditEntry): Promise<void> {
    if (broken) throw broken
    const sealed = seal(key, Buffer.from(JSON.stringify(entry)), contextOf(head))
    try {
      await journal.append(sealed)
    } catch (cause) {
      throw new RunaError('AUDIT_FAILED', undefined, { cause })
    }
    head = { count: head.count + 1, link: linkOf(head.link, sealed) }
    revision = Math.max(revision, certainRevision(entry))
  }

  return {
    mark: () => head,
    revision: () => revision,
    append(entry) {
      // The context of one entry is the link of the one before, which counts only once that is on the disk.
      const done = appending.then(() => append(entry))
      appending = done.catch(() => {})
      return done
    },
    async copyTo(copyPath, copyKey) {
      await appending
      const { entries } = verifyChain(await readJournal(path, { sizeBytesMax: SIZE_BYTES_MAX }), key, head)
      let copied: AuditMark = { count: 0, link: '' }
      const payloads = entries.map((entry) => {
        const sealed = seal(copyKey, Buffer.from(JSON.stringify(entry)), contextOf(copied))
        copied = { count: copied.count + 1, link: linkOf(copied.link, sealed) }
        return sealed
      })
      await replaceJournal(copyPath, payloads, {
        sizeBytesMax: SIZE_BYTES_MAX,
        payloadBytesMax: ENTRY_BYTES_MAX,
      })
      return copied
    },
    async latest(count) {
      await appending
      const { entries } = verifyChain(await readJournal(path, { sizeBytesMax: SIZE_BYTES_MAX }), key, head)
      return entries.slice(-count)
    },
    async close() {
      broken = new RunaError('AUDIT_FAILED', 'The list of what was done is closed.')
      await appending
      await journal.close()
      wipe(key)
    },
  }
}

function contextOf({ count, link }: AuditMark): string {
  return `runa audit ${count} ${link}`
}

function linkOf(before: string, sealed: Uint8Array): string {
  return createHash('sha256').update(before).update(sealed).digest('hex')
}
