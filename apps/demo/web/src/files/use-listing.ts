import { useEffect, useReducer, useRef } from 'preact/hooks'
import type { Storage } from '../storage/api.ts'
import { Listing } from './listing.ts'

/** Returns the listing of a folder. Another `version` reads it again. */
export function useListing(
  storage: Storage | undefined,
  container: string | undefined,
  folder: string,
  search: string,
  version: number,
): Listing | undefined {
  const [, changed] = useReducer((count: number, _: undefined) => count + 1, 0)
  const current = useRef<{ readonly key: string; readonly listing: Listing | undefined }>()
  const key = JSON.stringify([storage?.source.name, container, folder, search, version])
  if (current.current?.key !== key) {
    current.current?.listing?.close()
    const notify = () => changed(undefined)
    const listing =
      storage === undefined || container === undefined
        ? undefined
        : new Listing(storage, container, folder, search, notify)
    current.current = { key, listing }
  }
  const { listing } = current.current
  useEffect(() => listing?.load(), [listing])
  return listing
}
