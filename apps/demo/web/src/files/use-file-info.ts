import { useEffect, useState } from 'preact/hooks'
import type { FileInfo, Storage } from '../storage/api.ts'

export interface Loaded<T> {
  readonly value?: T
  readonly error?: unknown
}

/** What the storage knows of a file. `version` is of the content: another one is asked for anew. */
export function useFileInfo(storage: Storage, container: string, file: string, version: string): Loaded<FileInfo> {
  return useLoaded((signal) => storage.file(container, file, signal), [storage, container, file, version])
}

/** What is loaded for these; what came for others is not shown. */
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
