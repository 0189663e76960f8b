/**
 * The choice of a container and a folder in it, of those that are there or a new one.
 */
import { useId, useState } from 'preact/hooks'
import { ErrorNote } from '../layout/dialog.tsx'
import { Icon } from '../layout/icons.tsx'
import { type Storage, wordsOf } from '../storage/api.ts'
import { baseName, trail } from './names.ts'
import { useLoaded } from './use-file-info.ts'

interface FolderChoiceProps {
  readonly storage: Storage
  readonly container: string
  readonly folder: string
  readonly onChange: (place: { readonly container: string; readonly folder: string }) => void
}

export function FolderChoice({ storage, container, folder, onChange }: FolderChoiceProps) {
  const listId = useId()
  const [created, setCreated] = useState('')
  const containers = useLoaded(() => storage.containers(), [storage])
  const files = useLoaded(
    (signal) => storage.files(container, { prefix: folder, limit: 1000, signal }),
    [storage, container, folder],
  )
  const names = containers.value?.entries.map(({ name }) => name) ?? []
  const folders = files.value?.entries.filter((entry) => entry.folder) ?? []
  const open = (to: string) => onChange({ container, folder: to })
  return (
    <div class="folder-choice">
      <label class="field">
        <span>Container</span>
        <select value={container} onChange={(event) => onChange({ container: event.currentTarget.value, folder: '' })}>
          {(names.includes(container) ? names : [container, ...names]).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="field">
        <span id={listId}>Folder</span>
        <nav class="crumbs small" aria-label="Chosen folder">
          <button type="button" class="crumb" onClick={() => open('')}>
            {container}
          </button>
          {trail(folder).map((each) => (
            <span key={each.folder}>
              <Icon name="right" size={12} />
              <button type="button" class="crumb" onClick={() => open(each.folder)}>
                <bdi>{each.name || '/'}</bdi>
              </button>
            </span>
          ))}
        </nav>
        <ul class="folders" aria-labelledby={listId}>
          {folders.map(({ name }) => (
            <li key={name}>
              <button type="button" onClick={() => open(name)}>
                <Icon name="folder" size={18} />
                <bdi>{baseName(name)}</bdi>
              </button>
            </li>
          ))}
          {files.value !== undefined && folders.length === 0 && <li class="hint">No folders.</li>}
        </ul>
        {files.error !== undefined && <ErrorNote>{wordsOf(files.error)}</ErrorNote>}
      </div>
      <div class="field-row">
        <input
          aria-label="Name of a new folder"
          placeholder="New folder"
          value={created}
          onInput={(event) => setCreated(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || created === '') return
            event.preventDefault()
            open(`${folder}${created}/`)
            setCreated('')
          }}
        />
        <button
          type="button"
          class="button"
          disabled={created === ''}
          onClick={() => {
            open(`${folder}${created}/`)
            setCreated('')
          }}
        >
          Use
        </button>
      </div>
    </div>
  )
}
