/**
 * Previews. The content of a file never becomes part of this document: images, audio and video are
 * sources of their elements, in which scripts do not run. All other content is shown as text.
 */
import { useState } from 'preact/hooks'
import { ErrorNote, Modal } from '../layout/dialog.tsx'
import { Icon } from '../layout/icons.tsx'
import { type FileEntry, type FileInfo, type Storage, wordsOf } from '../storage/api.ts'
import { kindByType } from './kinds.ts'
import { baseName, formatBytes } from './names.ts'
import { useFileInfo, useLoaded } from './use-file-info.ts'

/** Bytes of a text that are shown. */
const shownText = 256 * 1024

interface ContentProps {
  readonly storage: Storage
  readonly info: FileInfo
}

/** A file's content, as large as its place. */
export function Content({ storage, info }: ContentProps) {
  const { container, name, contentType, etag } = info
  const [broken, setBroken] = useState(false)
  const url = `${storage.downloadUrl(container, name)}?${new URLSearchParams({ v: etag })}`
  const kind = kindByType(contentType, name)
  if (broken) return <NoPreview>The browser cannot show this file.</NoPreview>
  if (kind === 'image')
    return <img class="content" src={url} alt={`Preview of ${baseName(name)}`} onError={() => setBroken(true)} />
  if (kind === 'video') {
    return (
      // The files are the visitor's, and have no captions.
      <video
        class="content"
        src={url}
        controls
        preload="metadata"
        aria-label={baseName(name)}
        onError={() => setBroken(true)}
      />
    )
  }
  if (kind === 'audio') {
    return (
      <audio
        class="content"
        src={url}
        controls
        preload="metadata"
        aria-label={baseName(name)}
        onError={() => setBroken(true)}
      />
    )
  }
  if (kind === 'text') return <Text storage={storage} info={info} />
  return <NoPreview>There is no preview for files of this kind.</NoPreview>
}

function Text({ storage, info }: ContentProps) {
  const { container, name, size, etag } = info
  const { value, error } = useLoaded(
    (signal) => (size === 0 ? Promise.resolve('') : storage.text(container, name, shownText, signal)),
    [storage, container, name, etag],
  )
  if (error !== undefined) return <ErrorNote>{wordsOf(error)}</ErrorNote>
  if (value === undefined) return <Loading />
  return (
    <div class="text-preview">
      {/* Scrolls, so the keyboard must reach it. */}
      <pre tabIndex={0} role="region" aria-label={`Text of ${baseName(name)}`}>
        {value}
      </pre>
      {size > shownText && (
        <p class="hint">
          The first {formatBytes(shownText)} of {formatBytes(size)}.
        </p>
      )}
      {size === 0 && <p class="hint">The file is empty.</p>}
    </div>
  )
}

function NoPreview({ children }: { readonly children: string }) {
  return (
    <div class="no-preview">
      <Icon name="file" size={48} />
      <p>{children}</p>
    </div>
  )
}

const Loading = () => <div class="loading" role="status" aria-label="Loading" />

interface PreviewProps {
  readonly storage: Storage
  readonly container: string
  /** All files of the list, in the order shown. */
  readonly files: readonly FileEntry[]
  readonly name: string
  readonly onShow: (name: string) => void
  readonly onClose: () => void
}

/** One file in the whole window, with buttons to the previous and the next one. */
export function Preview({ storage, container, files, name, onShow, onClose }: PreviewProps) {
  const index = files.findIndex((file) => file.name === name)
  const previous = files[index - 1]
  const next = files[index + 1]
  const { value: info, error } = useFileInfo(storage, container, name, files[index]?.etag ?? '')
  const onKeyDown = (event: KeyboardEvent) => {
    // Players and texts have their own use for the keys.
    if (event.target instanceof HTMLMediaElement || (event.target as HTMLElement).closest('pre') !== null) return
    if (event.key === 'ArrowLeft' && previous !== undefined) onShow(previous.name)
    if (event.key === 'ArrowRight' && next !== undefined) onShow(next.name)
  }
  return (
    <Modal class="preview" title={<bdi>{baseName(name)}</bdi>} onClose={onClose} onKeyDown={onKeyDown}>
      <div class="preview-body">
        <Step label="Previous file" icon="left" to={previous} onShow={onShow} />
        <div class="preview-content" aria-live="polite">
          {error !== undefined ? (
            <ErrorNote>{wordsOf(error)}</ErrorNote>
          ) : info === undefined ? (
            <Loading />
          ) : (
            <Content key={info.name + info.etag} storage={storage} info={info} />
          )}
        </div>
        <Step label="Next file" icon="right" to={next} onShow={onShow} />
      </div>
      <footer class="modal-foot">
        {info !== undefined && (
          <span class="hint">
            {info.contentType} · {formatBytes(info.size)}
          </span>
        )}
        <a class="button primary" href={storage.downloadUrl(container, name)} download={baseName(name)}>
          <Icon name="download" /> Download
        </a>
      </footer>
    </Modal>
  )
}

interface StepProps extends Pick<PreviewProps, 'onShow'> {
  readonly label: string
  readonly icon: 'left' | 'right'
  /** The target file, if there is one. */
  readonly to: FileEntry | undefined
}

function Step({ label, icon, to, onShow }: StepProps) {
  return (
    <button
      type="button"
      class="icon-button step"
      aria-label={label}
      disabled={to === undefined}
      onClick={() => to !== undefined && onShow(to.name)}
    >
      <Icon name={icon} />
    </button>
  )
}
