import { randomBytes } from 'node:crypto'
import type { Link, LinkOptions } from '#kernel/coven'
import { createKey, createOpener, createSealer } from '#kernel/seal'
import { withLength } from '../../src/kernel/coven/frame-reader.ts'
import { createLink } from '../../src/kernel/coven/link.ts'
import { killGilguls } from './coven-gilgul.ts'
import { runVaultStorm } from './coven-vault.ts'
import type { TortureOptions, TortureRow } from './row.ts'

const FRAMES_PER_FAULT = 500
const HANDSHAKES_MAX = 1_000
/** These take minutes each hundred, and more of them show the same. */
const DEATHS_MAX = 50
const GENUINE_EVERY = 100
const NONE = { lost: 0, torn: 0, wedged: 0 }

const COVEN = { pid: 100, startTicks: 1 }
const GILGUL = { pid: 101, startTicks: 2 }

type Random = () => number

/** Forges what is said between coven and gilgul, and kills who stores secrets. 2,000 faults are 1,000,000 frames. */
export async function tortureCoven({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const deaths = Math.min(DEATHS_MAX, Math.ceil(faults / 4))
  const forged = forgeFrames(faults * FRAMES_PER_FAULT, random, startTalk)
  const forgetful = forgeFrames(200, random, startForgetfulTalk)
  const hasty = await runVaultStorm('hasty', Math.max(20, Math.ceil(deaths / 3)), random)
  return [
    { case: 'forged frames', faults: forged['forged'] ?? 0, ...NONE, ...forged },
    forgeHandshakes(Math.min(HANDSHAKES_MAX, faults * 10), random),
    await killGilguls(deaths),
    { case: 'store a secret', ...(await runVaultStorm('careful', deaths, random)) },
    {
      case: 'planted: ends that forget what they have heard',
      ...{ faults: 200, ...NONE, ...forgetful, found: (forgetful['accepted'] ?? 0) > 0 },
    },
    { case: 'planted: acknowledged too early', ...hasty, found: hasty.lost > 0 },
  ]
}

function createPair(changes: Partial<LinkOptions> = {}): readonly [coven: Link, gilgul: Link] {
  const launchKey = randomBytes(32)
  const coven = createLink({ role: 'coven', launchKey, own: COVEN, peer: GILGUL })
  return [coven, createLink({ role: 'gilgul', launchKey, own: GILGUL, peer: COVEN, ...changes })]
}

type End = 0 | 1
const other = (end: End): End => (end === 0 ? 1 : 0)

interface Talk {
  readonly links: readonly [Link, Link]
  /** Frames that each has said, and the other has accepted. */
  readonly said: readonly [Buffer[], Buffer[]]
  /** Of each, the frame after the next. */
  readonly later: readonly Buffer[]
}

function startTalk(): Talk {
  const [coven, gilgul] = createPair()
  const { reply } = gilgul.receive(coven.receive(gilgul.opening).reply)
  coven.receive(reply)
  return { links: [coven, gilgul], said: [[], []], later: [] }
}

const flipBit: Forgery = (frame, random) => {
  const bytes = Buffer.from(frame)
  const at = Math.floor(random() * bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
  return bytes
}

/** Makes something wrong of the next genuine frame, in a talk that has gone on for a while. */
type Forgery = (frame: Buffer, random: Random, talk: Talk, from: End) => Buffer

function pick<Value>(values: readonly Value[], random: Random): Value {
  return values[Math.floor(random() * values.length)] as Value
}

const FORGERIES: readonly Forgery[] = [
  flipBit,
  (frame, random) => {
    const bytes = Buffer.from(frame)
    randomBytes(1 + Math.floor(random() * 8)).copy(bytes, 4 + Math.floor(random() * (bytes.length - 4)))
    return bytes.equals(frame) ? flipBit(frame, random, startTalk(), 0) : bytes
  },
  // Replayed: one that was accepted before.
  (_frame, random, { said }, from) => pick(said[from], random),
  // Sent back to who said it.
  (_frame, random, { said }, from) => pick(said[other(from)], random),
  // Reordered: the one after the next.
  (_frame, _random, { later }, from) => later[from] as Buffer,
  // Of another talk, at the same place.
  (frame) => {
    const { links } = startTalk()
    const foreign = links[0].say(Buffer.alloc(frame.length - 20))
    for (const link of links) link.close()
    return foreign
  },
  (frame) => frame.subarray(0, frame.length - 1 - (frame.length % 7)),
  () => Buffer.concat([Buffer.of(40, 0, 0, 0), randomBytes(40)]),
]

const LONGEST = Buffer.alloc(256 * 1_024)

/** Each end of a talk hears one forged frame, which closes it; now and then a genuine one before. */
function forgeFrames(frames: number, random: Random, start: () => Talk): Record<string, number> {
  const counts = { frames, forged: 0, accepted: 0, genuine: 0, rejectedGenuine: 0 }
  const left = () => frames - counts.forged - counts.genuine

  function begin(): Talk {
    const talk = start()
    for (const from of [0, 1] as const) {
      const frame = talk.links[from].say(Buffer.from('well met'))
      if (hear(talk.links[other(from)], frame) !== 1) counts.rejectedGenuine += 1
      talk.said[from].push(frame)
    }
    return talk
  }

  function hearGenuine({ links, said }: Talk, from: End): void {
    counts.genuine += 1
    const frame = links[from].say(someWords(random))
    if (hear(links[other(from)], frame) !== 1) counts.rejectedGenuine += 1
    said[from].push(frame)
  }

  function hearForged(talk: Talk, from: End, frame: Buffer): void {
    const hearer = talk.links[other(from)]
    counts.forged += 1
    counts.accepted += hear(hearer, pick(FORGERIES, random)(frame, random, talk, from))
    // A frame that says it is longer than it is waits for more, and swallows whatever follows.
    if (hearer.state() === 'open') counts.accepted += hear(hearer, LONGEST)
    // Once it has heard something wrong, it believes nothing any more, not even what is right.
    counts.accepted += hear(hearer, frame)
  }

  while (left() > 0) {
    const talk = begin()
    if (counts.genuine * (GENUINE_EVERY - 1) <= counts.forged) hearGenuine(talk, random() < 0.5 ? 0 : 1)
    // Said before either is closed by what it hears.
    const next = talk.links.map((link) => link.say(someWords(random)))
    const later = talk.links.map((link) => link.say(Buffer.from('out of turn')))
    for (const from of [0, 1] as const)
      if (left() > 0) hearForged({ ...talk, later }, from, next[from] as Buffer)
    for (const link of talk.links) link.close()
  }
  return counts
}

function someWords(random: Random): Buffer {
  return randomBytes(1 + Math.floor(random() * 60))
}

/** How many messages were believed. */
function hear(link: Link, bytes: Buffer): number {
  try {
    return link.receive(bytes).messages.length
  } catch {
    return 0
  }
}

/** What a man in the middle, a stranger, and somebody with a recording may try; and now and then, nobody. */
function forgeHandshakes(handshakes: number, random: Random): TortureRow {
  const counts = { handshakes, accepted: 0, genuine: 0, rejectedGenuine: 0 }
  const recorded = converse(createPair(), (bytes) => bytes).said
  const stranger = () => createPair({ launchKey: randomBytes(32) })
  const attacks: readonly (() => boolean)[] = [
    () => {
      const wrong = Math.floor(random() * 3)
      return converse(createPair(), (bytes, index) => (index === wrong ? tamper(bytes, random) : bytes))
        .opened
    },
    () => converse(stranger(), (bytes) => bytes).opened,
    () => converse(createPair({ own: { pid: 102, startTicks: 2 } }), (bytes) => bytes).opened,
    () => converse(createPair({ own: { pid: 101, startTicks: 3 } }), (bytes) => bytes).opened,
    () => converse(createPair(), (bytes, index) => recorded[index] ?? bytes).opened,
    () => converse(createPair(), (bytes, index) => (index === 2 ? (recorded[2] ?? bytes) : bytes)).opened,
    () => converse(createPair(), (bytes, index) => (index === 1 ? (recorded[1] ?? bytes) : bytes)).opened,
    () => converse(createPair(), (bytes, index) => (index === 2 ? randomProof() : bytes)).opened,
  ]
  for (let index = 0; index < handshakes; index += 1) {
    if (pick(attacks, random)()) counts.accepted += 1
    if (index % GENUINE_EVERY !== 0) continue
    counts.genuine += 1
    if (!converse(createPair(), (bytes) => bytes).opened) counts.rejectedGenuine += 1
  }
  return { case: 'forged handshakes', faults: handshakes, ...NONE, ...counts }
}

function tamper(bytes: Buffer, random: Random): Buffer {
  return flipBit(bytes, random, startTalk(), 0)
}

function randomProof(): Buffer {
  return Buffer.concat([Buffer.of(32, 0, 0, 0), randomBytes(32)])
}

/** Whether coven came to believe gilgul, with somebody in between who may change each of the three messages. */
function converse(
  [coven, gilgul]: readonly [Link, Link],
  between: (bytes: Buffer, index: number) => Buffer,
): { readonly opened: boolean; readonly said: readonly Buffer[] } {
  const said: Buffer[] = [gilgul.opening]
  try {
    said.push(coven.receive(between(gilgul.opening, 0)).reply)
    said.push(gilgul.receive(between(said[1] as Buffer, 1)).reply)
  } catch {
    // A gilgul that refuses says nothing more; who stands in between may still try.
  }
  try {
    coven.receive(between(said[2] ?? randomProof(), 2))
  } catch {}
  return { opened: coven.state() === 'open', said }
}

/** The planted fault: links that begin anew with each frame, and so believe again what they have heard before. */
function startForgetfulTalk(): Talk {
  const keys = [createKey(), createKey()] as const
  const createEnd = (own: Buffer, others: Buffer): Link => {
    const sealer = createSealer(own)
    return {
      opening: Buffer.alloc(0),
      state: () => 'open',
      receive: (bytes) => ({
        reply: Buffer.alloc(0),
        messages: [createOpener(others).open(bytes.subarray(4), '')],
      }),
      say: (message) => withLength(sealer.seal(message, '')),
      close: () => {},
    }
  }
  return { links: [createEnd(keys[0], keys[1]), createEnd(keys[1], keys[0])], said: [[], []], later: [] }
}
