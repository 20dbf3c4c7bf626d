import { ask, sleep } from './access.ts'
import type { Scenario } from './explore.ts'
import type { Steps } from './runtime.ts'
import { ownerOf, SMALL_LAYOUT, type StageOptions, segmentOver, setUp } from './stage.ts'

const PUMP = 'kernel/splinter/seat/pump'
const ROW = 1
/** Where the work is counted: a word that the bus has no use for. */
const WORK = 40

interface PumpSteps {
  add(source: object): Steps
  wake(): Steps
}
interface PumpModule {
  createPump(...all: unknown[]): unknown
  ringIfAsleep(...all: unknown[]): Steps
}

/** One who sleeps when there is nothing to do, and others who bring work and then ring. */
export async function sleepScenario(ringers: number, options: StageOptions = {}): Promise<Scenario> {
  const layout = SMALL_LAYOUT
  const { memory, runtime, instantiate } = await setUp([PUMP], layout.sizeBytes, options)
  let due: (() => Steps)[] = []
  const immediate = (work: () => Steps) => due.push(work)
  const { createPump, ringIfAsleep } = instantiate({ setImmediate: immediate })(PUMP) as unknown as PumpModule
  const segment = segmentOver(memory, layout)
  const { words } = segment
  memory.settle()

  return {
    name: `one who sleeps, and ${ringers} who ring`,
    memory,
    ownerOf,
    begin(stage) {
      due = []
      let [rings, heard, done] = [0, 0, 0]
      const source = {
        *hasWork(): Steps<boolean> {
          return (yield runtime.atomic('load', words, WORK)) !== done
        },
        *drain(): Steps<boolean> {
          const found = (yield runtime.atomic('load', words, WORK)) as number
          const hadWork = found !== done
          done = found
          return hadWork
        },
      }
      const pump = runtime.now(createPump(segment, ROW, () => {})) as PumpSteps
      runtime.now(pump.add(source))
      function* loop(): Steps<void> {
        for (;;) {
          const turn = due.shift()
          if (turn) {
            yield* turn()
            continue
          }
          yield sleep(() => rings > heard)
          heard = rings
          yield* pump.wake()
        }
      }
      function* ringer(): Steps<void> {
        yield runtime.atomic('add', words, WORK, 1)
        yield* ringIfAsleep(segment, ROW, function* ring(): Steps<boolean> {
          yield ask(() => {
            rings += 1
          })
          return true
        })
      }
      return {
        participants: [loop(), ...Array.from({ length: ringers }, ringer)],
        digest: () => `${rings}.${heard}.${done}.${due.length}`,
        check() {
          if (stage.isDead(0)) return undefined
          const missed = (words[WORK] as number) - done
          const dead = Array.from({ length: ringers }, (_, index) => stage.isDead(index + 1)).filter(
            Boolean,
          ).length
          // Whoever dies before it has rung is found by looking from time to time.
          return missed > dead ? `it sleeps, and ${missed} pieces of work wait for it` : undefined
        },
      }
    },
  }
}
