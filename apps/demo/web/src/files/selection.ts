/**
 * Which entries are selected, and where the keyboard is: as file managers have it, with ranges from
 * an anchor.
 */
import { useState } from 'preact/hooks'
import type { Entry } from '../storage/api.ts'

interface State {
  readonly selected: ReadonlySet<string>
  /** Where the keyboard is. */
  readonly active: number
  /** Where a range begins. */
  readonly anchor: number
}

const nothing: State = { selected: new Set(), active: 0, anchor: 0 }

export interface Selection extends State {
  /** Selects only this entry. */
  choose(index: number): void
  toggle(index: number): void
  /** From the anchor to here. */
  extend(index: number): void
  /** Moves the keyboard without changing what is selected. */
  move(index: number): void
  all(): void
  clear(): void
  /** Those selected that are still there, in their order. */
  readonly entries: readonly Entry[]
}

export function useSelection(entries: readonly Entry[]): Selection {
  const [state, setState] = useState(nothing)
  const nameAt = (index: number) => entries[index]?.name ?? ''
  return {
    ...state,
    active: Math.min(state.active, Math.max(0, entries.length - 1)),
    choose: (index) => setState({ selected: new Set([nameAt(index)]), active: index, anchor: index }),
    toggle: (index) =>
      setState(({ selected }) => {
        const changed = new Set(selected)
        if (!changed.delete(nameAt(index))) changed.add(nameAt(index))
        return { selected: changed, active: index, anchor: index }
      }),
    extend: (index) =>
      setState(({ anchor }) => {
        const [start, end] = index < anchor ? [index, anchor] : [anchor, index]
        const range = entries.slice(start, end + 1).map(({ name }) => name)
        return { selected: new Set(range), active: index, anchor }
      }),
    move: (index) => setState((before) => ({ ...before, active: index, anchor: index })),
    all: () => setState((before) => ({ ...before, selected: new Set(entries.map(({ name }) => name)) })),
    clear: () => setState(({ active }) => ({ selected: new Set(), active, anchor: active })),
    entries: state.selected.size === 0 ? [] : entries.filter(({ name }) => state.selected.has(name)),
  }
}
