import { RunaError } from '#protocol'

/** Runs one change after the other. With `waitingMax` of them under way or waiting, one more is refused with BUSY. */
export function createTurnTaking(
  waitingMax: number,
): <Result>(change: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return (change) => {
    if (waiting >= waitingMax) return Promise.reject(new RunaError('BUSY', 'Too much waits for the disk.'))
    waiting += 1
    const running = last.then(change).finally(() => {
      waiting -= 1
    })
    last = running.catch(() => {})
    return running
  }
}
