/**
 * The interrupted uploads: choosing the file again continues the upload, or it is deleted.
 */
import { useRef } from 'preact/hooks'
import { baseName, count, formatBytes } from '../files/names.ts'
import type { Interrupted } from './interrupted.ts'
import type { UploadSession } from './session.ts'

interface InterruptedUploadsProps {
  readonly uploads: readonly Interrupted[]
  readonly session: UploadSession
}

export function InterruptedUploads({ uploads, session }: InterruptedUploadsProps) {
  return (
    <section class="interrupted" aria-labelledby="interrupted-title">
      <h2 id="interrupted-title">{count(uploads.length, 'interrupted upload')}</h2>
      <p class="hint">
        Choose the file again: after a reload, the page cannot read it otherwise. The upload then continues where it
        stopped. The server keeps the bytes for one day.
      </p>
      <ul>
        {uploads.map((upload) => (
          <InterruptedUpload key={upload.url} upload={upload} session={session} />
        ))}
      </ul>
    </section>
  )
}

function InterruptedUpload({ upload, session }: { readonly upload: Interrupted; readonly session: UploadSession }) {
  const input = useRef<HTMLInputElement>(null)
  const { source, container, path, size, offset } = upload
  const name = baseName(path)
  const stored = offset === undefined ? formatBytes(size) : `${formatBytes(offset)} of ${formatBytes(size)} stored`
  const folder = [source, container, ...path.split('/').slice(0, -1)].join('/')
  return (
    <li>
      <div class="interrupted-file">
        <bdi>{name}</bdi>
        <span class="hint">
          {stored} · <bdi>{folder}</bdi>
        </span>
      </div>
      <input
        ref={input}
        type="file"
        hidden
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          if (file !== undefined) session.resume(upload, file)
          // The same file can be chosen again.
          currentTarget.value = ''
        }}
      />
      <button
        type="button"
        class="button"
        aria-label={`Choose file “${name}” to continue its upload`}
        onClick={() => input.current?.click()}
      >
        Choose file
      </button>
      <button
        type="button"
        class="button danger"
        aria-label={`Delete the interrupted upload of “${name}”`}
        onClick={() => void session.discard(upload)}
      >
        Delete
      </button>
    </li>
  )
}
