import { useEffect, useState } from 'preact/hooks'
import type { Container, Storage } from '../storage/api.ts'

/** The containers of a data source, as far as they were read. */
export interface ContainerList {
  readonly entries: readonly Container[]
  readonly complete: boolean
  readonly error: unknown
  readonly reload: () => void
  /** Reads the next page, if there is one. */
  readonly more: (() => void) | undefined
}

interface State {
  readonly storage?: Storage
  readonly entries: readonly Container[]
  readonly next?: string | undefined
  readonly complete: boolean
  readonly error?: unknown
}

const empty: State = { entries: [], complete: false }

export function useContainers(storage: Storage | undefined): ContainerList {
  const [state, setState] = useState(empty)
  const [version, setVersion] = useState(0)
  const read = async (before: State) => {
    if (storage === undefined) return before
    try {
      const { entries, next } = await storage.containers(before.next)
      return { storage, entries: [...before.entries, ...entries], next, complete: next === undefined }
    } catch (error) {
      return { ...before, error }
    }
  }
  useEffect(() => {
    let current = true
    setState((before) => (before.storage === storage ? before : empty))
    read(empty).then((after) => current && setState(after))
    return () => {
      current = false
    }
  }, [storage, version])
  return {
    ...state,
    error: state.error,
    reload: () => setVersion((before) => before + 1),
    more: state.next === undefined ? undefined : () => void read(state).then(setState),
  }
}
