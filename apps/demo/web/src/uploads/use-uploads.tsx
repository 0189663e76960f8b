import { useEffect, useRef, useState } from 'preact/hooks'
import type { FileInfo } from '../storage/api.ts'
import type { ConflictAnswer, UploadPlace, UploadSession } from './session.ts'
import type { UploadStatus } from './speed.ts'

export interface Conflict {
  readonly names: readonly string[]
  readonly answer: (answer: ConflictAnswer) => void
}

export interface Uploads {
  readonly session: UploadSession | undefined
  readonly status: UploadStatus
  readonly conflict: Conflict | undefined
  readonly add: (files: readonly File[]) => void
  /** Tells of every file that was stored, until the function that it gives is called. */
  readonly listen: (listener: StoredListener) => () => void
}

type StoredListener = (place: UploadPlace, info: FileInfo) => void

const none: UploadStatus = { files: 0, running: 0, failures: [], progress: 0 }

/** Loads Uppy when the page is `ready` and idle, or when it is needed. */
export function useUploads(place: UploadPlace | undefined, ready: boolean, failed: (error: unknown) => void): Uploads {
  const [session, setSession] = useState<UploadSession>()
  const [status, setStatus] = useState(none)
  const [conflict, setConflict] = useState<Conflict>()
  const current = useRef(place)
  current.current = place
  const listeners = useRef(new Set<StoredListener>())
  const loading = useRef<Promise<UploadSession>>()

  const load = () => {
    loading.current ??= import('./session.ts').then((module) => {
      const made = new module.UploadSession({
        place: () => current.current,
        stored: (where, info) => {
          for (const listener of listeners.current) listener(where, info)
        },
        changed: setStatus,
        said: (message) => failed(new Error(message)),
        ask: (names) =>
          new Promise((resolve) => {
            const answer = (given: ConflictAnswer) => {
              setConflict(undefined)
              resolve(given)
            }
            setConflict({ names, answer })
          }),
      })
      setSession(made)
      return made
    })
    return loading.current
  }

  useEffect(() => {
    if (!ready) return
    // Not every browser tells when it is idle.
    const whenIdle = window.requestIdleCallback ?? ((call: () => void) => setTimeout(call, 300))
    whenIdle(() => {
      load().catch(failed)
    })
  }, [ready])

  return {
    session,
    status,
    conflict,
    add: (files) => {
      load()
        .then((loaded) => loaded.add(files))
        .catch(failed)
    },
    listen: (listener) => {
      listeners.current.add(listener)
      return () => listeners.current.delete(listener)
    },
  }
}
