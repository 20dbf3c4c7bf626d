/** How one call may end before its time. Its signal is made only for a handler that looks at it: few do. */
export class EarlyEnd {
  isCome = false
  private reason: unknown
  private controller: AbortController | undefined
  private readonly listeners: (() => void)[] = []

  /** Only the first reason counts. */
  come(reason: unknown): void {
    if (this.isCome) return
    this.isCome = true
    this.reason = reason
    this.controller?.abort(reason)
    for (const listener of this.listeners) listener()
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.isCome) this.controller.abort(this.reason)
    return this.controller.signal
  }

  /** Settles as soon as the end comes, also when the work disregards it. To be asked for a few times, not for each item. */
  cutShort<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const abandon = () => reject(this.reason)
      if (this.isCome) abandon()
      else this.listeners.push(abandon)
      work.then(resolve, reject)
    })
  }
}
