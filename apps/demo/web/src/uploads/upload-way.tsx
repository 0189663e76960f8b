/**
 * The choice of the way that uploads take: through this server, or directly to the storage, if it
 * can receive them.
 */
import { useState } from 'preact/hooks'
import { type DirectAccess, type Storage, wordsOf } from '../storage/api.ts'

export interface UploadWay {
  /** Whether the storage can receive uploads, and not only its router. */
  readonly isOffered: boolean
  readonly isDirect: boolean
  readonly isAsking: boolean
  /** Why the service refuses files from this page. */
  readonly refusal: (Pick<DirectAccess, 'canAllow'> & { readonly reason: string }) | undefined
  readonly choose: (direct: boolean) => void
  /** Sets the service's CORS rules, and chooses the direct way. */
  readonly allow: () => void
}

type Choice = Pick<UploadWay, 'isDirect' | 'isAsking' | 'refusal'>

const throughServer: Choice = { isDirect: false, isAsking: false, refusal: undefined }

/** Returns the choice for the container that is open. Each container has its own CORS rules. */
export function useUploadWay(storage: Storage | undefined, container: string | undefined): UploadWay {
  const [choices, setChoices] = useState<ReadonlyMap<string, Choice>>(new Map())
  const key = JSON.stringify([storage?.source.name, container])
  const direct = storage?.source.capabilities?.directUploads
  const isOffered = direct !== undefined && direct.throughRouter !== true && container !== undefined
  const set = (choice: Choice) => setChoices((earlier) => new Map([...earlier, [key, choice]]))
  const ask = (allow: boolean) => {
    if (storage === undefined || container === undefined) return
    set({ ...throughServer, isAsking: true })
    storage.directAccess(container, allow).then(
      ({ problems: [reason], canAllow }) => {
        if (reason === undefined) set({ ...throughServer, isDirect: true })
        else set({ ...throughServer, refusal: { reason, canAllow } })
      },
      (error: unknown) => set({ ...throughServer, refusal: { reason: wordsOf(error), canAllow: false } }),
    )
  }
  return {
    isOffered,
    ...(choices.get(key) ?? throughServer),
    choose: (direct) => (direct ? ask(false) : set(throughServer)),
    allow: () => ask(true),
  }
}

export function UploadWaySwitch({ way }: { readonly way: UploadWay }) {
  const { isOffered, isDirect, isAsking, refusal, choose, allow } = way
  if (!isOffered) return null
  return (
    <div class="upload-way">
      <span id="upload-way">Uploads go</span>
      <div class="segmented words" role="group" aria-labelledby="upload-way">
        <button type="button" aria-pressed={!isDirect} onClick={() => choose(false)}>
          through this server
        </button>
        <button type="button" aria-pressed={isDirect} disabled={isAsking} onClick={() => choose(true)}>
          directly to the storage
        </button>
      </div>
      <div role="status">
        {isAsking && 'Asking the storage …'}
        {refusal !== undefined && <Refusal {...refusal} onAllow={allow} />}
      </div>
    </div>
  )
}

function Refusal({ reason, canAllow, onAllow }: NonNullable<UploadWay['refusal']> & { readonly onAllow: () => void }) {
  return (
    <span class="hint">
      The storage does not accept files from this page: {reason}.{' '}
      {canAllow ? (
        <button type="button" class="button" title="Replaces the container's CORS rules" onClick={onAllow}>
          Allow this page
        </button>
      ) : (
        'The page cannot set its CORS rules.'
      )}
    </span>
  )
}
