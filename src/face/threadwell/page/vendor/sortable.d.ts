/** The part of SortableJS that the board uses; served from its package. */
export interface SortableEvent {
  readonly item: HTMLElement
  readonly from: HTMLElement
  readonly to: HTMLElement
  readonly oldDraggableIndex?: number
  readonly newDraggableIndex?: number
}

export interface SortableOptions {
  readonly group?: string
  readonly draggable?: string
  readonly animation?: number
  readonly forceFallback?: boolean
  readonly fallbackOnBody?: boolean
  readonly fallbackTolerance?: number
  readonly delay?: number
  readonly delayOnTouchOnly?: boolean
  readonly filter?: string
  readonly preventOnFilter?: boolean
  readonly onStart?: (event: SortableEvent) => void
  readonly onEnd?: (event: SortableEvent) => void
}

export declare class Sortable {
  constructor(element: HTMLElement, options: SortableOptions)
  destroy(): void
}
