/**
 * The panel of uploads at the lower edge of the window. Uppy's dashboard is in it.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { count, formatBytes } from '../files/names.ts'
import { Icon } from '../layout/icons.tsx'
import type { Interrupted } from './interrupted.ts'
import { InterruptedUploads } from './interrupted-uploads.tsx'
import type { UploadSession } from './session.ts'
import type { UploadStatus } from './speed.ts'

const shownFailures = 20

interface DockProps {
  readonly session: UploadSession
  readonly status: UploadStatus
  readonly interrupted: readonly Interrupted[]
}

export function UploadDock({ session, status, interrupted }: DockProps) {
  const body = useRef<HTMLDivElement>(null)
  const [small, setSmall] = useState(false)
  const [asking, setAsking] = useState(false)
  useEffect(() => {
    if (body.current !== null) session.mount(body.current)
  }, [session])
  useEffect(() => {
    if (status.running === 0) setAsking(false)
  }, [status.running])
  const { files, running, failures, progress } = status
  const close = () => (running > 0 && !asking ? setAsking(true) : session.clear())
  return (
    <section class={`dock ${small ? 'small' : ''}`} aria-label="Uploads" hidden={files + interrupted.length === 0}>
      {interrupted.length > 0 && <InterruptedUploads uploads={interrupted} session={session} />}
      <header class="dock-head" hidden={files === 0}>
        <div class="dock-title">
          <strong>{titleOf(status)}</strong>
          <span class="hint">{paceOf(status)}</span>
        </div>
        <button
          type="button"
          class="icon-button"
          aria-expanded={!small}
          aria-label={small ? 'Show the uploads' : 'Hide the uploads'}
          onClick={() => setSmall(!small)}
        >
          <Icon name={small ? 'up' : 'down'} />
        </button>
        <button
          type="button"
          class={asking ? 'button danger' : 'icon-button'}
          aria-label={running > 0 ? 'Cancel all uploads' : 'Close the list of uploads'}
          onClick={close}
        >
          {asking ? 'Cancel all?' : <Icon name="close" />}
        </button>
      </header>
      {running > 0 && <progress class="dock-progress" max={1} value={progress} aria-label="All uploads" />}
      {failures.length > 0 && (
        <ul class="dock-failures" role="alert">
          {failures.slice(0, shownFailures).map(({ id, name, message }) => (
            <li key={id}>
              <bdi>{name}</bdi>
              <span>{message}</span>
            </li>
          ))}
          {failures.length > shownFailures && <li>and {failures.length - shownFailures} more</li>}
        </ul>
      )}
      <div class="dock-body" ref={body} hidden={small || files === 0} />
      <p class="visually-hidden" role="status">
        {files > 0 && (running === 0 || status.paused > 0) ? titleOf(status) : ''}
        {status.retrying ? paceOf(status) : ''}
      </p>
    </section>
  )
}

function titleOf({ files, running, paused, failures }: UploadStatus): string {
  if (running > 0 && running === paused) return `${count(paused, 'upload')} paused`
  if (running > 0) return `Uploading ${count(running, 'file')}`
  if (failures.length > 0) return `${count(failures.length, 'upload')} failed`
  return `${count(files, 'file')} uploaded`
}

function paceOf({ running, retrying, bytesPerSecond, secondsLeft, sentTo }: UploadStatus): string {
  if (running === 0) return sentTo.length === 0 ? '' : `Sent ${sentTo.map(wayTo).join(' and ')}`
  if (retrying) return 'No connection: the upload continues automatically'
  if (bytesPerSecond === undefined || secondsLeft === undefined) return ''
  return `${formatBytes(bytesPerSecond)}/s · ${durationOf(secondsLeft)} left`
}

/** The bytes of a direct upload go to this server if the storage cannot receive them. */
const wayTo = (host: string) => (host === '' || host === location.host ? 'through this server' : `directly to ${host}`)

function durationOf(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
