import { useEffect, useRef, useState } from 'preact/hooks'
import type { FileInfo, Storage } from '../storage/api.ts'
import type { Interrupted } from './interrupted.ts'
import type { ConflictAnswer, UploadSession } from './session.ts'
import type { UploadStatus } from './speed.ts'
import type { UploadPlace } from './upload-file.ts'

export interface Conflict {
  readonly names: readonly string[]
  readonly answer: (answer: ConflictAnswer) => void
}

export interface Uploads {
  readonly session: UploadSession | undefined
  readonly status: UploadStatus
  readonly interrupted: readonly Interrupted[]
  readonly conflict: Conflict | undefined
  readonly add: (files: readonly File[]) => void
  /** Calls the listener with every stored file. Returns a function that removes the listener. */
  readonly listen: (listener: StoredListener) => () => void
}

type StoredListener = (place: UploadPlace, info: FileInfo) => void

const none: UploadStatus = { files: 0, running: 0, paused: 0, retrying: false, failures: [], progress: 0, sentTo: [] }

interface UploadsOptions {
  /** The folder that is open. */
  readonly place: UploadPlace | undefined
  readonly storageOf: (source: string) => Storage | undefined
  /** Whether the rest of the page is there. */
  readonly ready: boolean
  readonly failed: (error: unknown) => void
}

/** Loads Uppy when the page is `ready` and idle, or when it is needed. */
export function useUploads({ place, storageOf, ready, failed }: UploadsOptions): Uploads {
  const [session, setSession] = useState<UploadSession>()
  const [status, setStatus] = useState(none)
  const [interrupted, setInterrupted] = useState<readonly Interrupted[]>([])
  const [conflict, setConflict] = useState<Conflict>()
  const current = useRef({ place, storageOf })
  current.current = { place, storageOf }
  const listeners = useRef(new Set<StoredListener>())
  const loading = useRef<Promise<UploadSession>>()

  const load = () => {
    loading.current ??= import('./session.ts').then((module) => {
      const made = new module.UploadSession({
        place: () => current.current.place,
        storageOf: (source) => current.current.storageOf(source),
        stored: (where, info) => {
          for (const listener of listeners.current) listener(where, info)
        },
        changed: setStatus,
        interrupted: setInterrupted,
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
    // Safari has no requestIdleCallback.
    const whenIdle = window.requestIdleCallback ?? ((call: () => void) => setTimeout(call, 300))
    whenIdle(() => {
      load().catch(failed)
    })
  }, [ready])

  return {
    session,
    status,
    interrupted,
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
