import { useEffect, useState } from 'preact/hooks'
import type { FileInfo, Storage } from '../storage/api.ts'

export interface Loaded<T> {
  readonly value?: T
  readonly error?: unknown
}

/**
 * Reads the information about a file. Reads it again if `version`, that of the content, changes.
 */
export function useFileInfo(storage: Storage, container: string, file: string, version: string): Loaded<FileInfo> {
  return useLoaded((signal) => storage.file(container, file, signal), [storage, container, file, version])
}

/** The information about this file. A response for another one is ignored. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, of: readonly unknown[]): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({})
  useEffect(() => {
    const gone = new AbortController()
    setLoaded({})
    load(gone.signal).then(
      (value) => gone.signal.aborted || setLoaded({ value }),
      (error: unknown) => gone.signal.aborted || setLoaded({ error }),
    )
    return () => gone.abort()
  }, of)
  return loaded
}
