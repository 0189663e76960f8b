/**
 * The actions on the folder, or on the selected entries.
 */
import { useRef } from 'preact/hooks'
import { Icon, type IconName } from '../layout/icons.tsx'
import type { View } from './file-grid.tsx'
import { count } from './names.ts'
import type { Selection } from './selection.ts'

export type FileAction = 'download' | 'rename' | 'copy' | 'move' | 'delete'

interface ToolbarProps {
  readonly selection: Selection
  readonly search: string
  readonly onSearch: (search: string) => void
  readonly view: View
  readonly onView: (view: View) => void
  readonly details: boolean
  readonly onDetails: () => void
  readonly onFiles: (files: readonly File[]) => void
  readonly onNewFolder: () => void
  readonly onReload: () => void
  readonly onAction: (action: FileAction) => void
}

const actions: readonly { readonly action: FileAction; readonly icon: IconName; readonly title: string }[] = [
  { action: 'download', icon: 'download', title: 'Download' },
  { action: 'rename', icon: 'pencil', title: 'Rename' },
  { action: 'copy', icon: 'copy', title: 'Copy' },
  { action: 'move', icon: 'move', title: 'Move' },
  { action: 'delete', icon: 'trash', title: 'Delete' },
]

export function Toolbar(props: ToolbarProps) {
  const { selection, search, onSearch, view, onView, details, onDetails, onNewFolder, onReload } = props
  const selected = selection.entries
  return (
    <div class="toolbar">
      {selected.length > 0 ? (
        <div class="selection-bar" role="toolbar" aria-label="Actions for the selection">
          <button
            type="button"
            class="icon-button"
            aria-label="Select nothing"
            title="Select nothing"
            onClick={selection.clear}
          >
            <Icon name="close" />
          </button>
          <span class="selection-count" aria-live="polite">
            {count(selected.length, 'selected', 'selected')}
          </span>
          {actions.map(({ action, icon, title }) => {
            const impossible =
              (action === 'rename' && selected.length > 1) ||
              (action === 'download' && selected.every(({ folder }) => folder))
            return (
              <button
                key={action}
                type="button"
                class={`button ${action === 'delete' ? 'danger-text' : ''}`}
                title={title}
                disabled={impossible}
                onClick={() => props.onAction(action)}
              >
                <Icon name={icon} size={18} />
                <span class="label">{title}</span>
              </button>
            )
          })}
        </div>
      ) : (
        <>
          <UploadButtons onFiles={props.onFiles} />
          <button type="button" class="button" title="New folder" onClick={onNewFolder}>
            <Icon name="folderPlus" size={18} />
            <span class="label">New folder</span>
          </button>
          <label class="search">
            <Icon name="search" size={18} />
            <input
              type="search"
              aria-label="Show names that begin with"
              placeholder="Names that begin with …"
              value={search}
              onInput={(event) => onSearch(event.currentTarget.value)}
            />
          </label>
        </>
      )}
      <div class="toolbar-end">
        <button
          type="button"
          class="icon-button"
          aria-label="Reload the list"
          title="Reload the list"
          onClick={onReload}
        >
          <Icon name="reload" />
        </button>
        <div class="segmented" role="group" aria-label="View">
          {(['list', 'tiles'] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={view === each}
              aria-label={each === 'list' ? 'List' : 'Tiles'}
              title={each === 'list' ? 'List' : 'Tiles'}
              onClick={() => onView(each)}
            >
              <Icon name={each === 'list' ? 'list' : 'grid'} size={18} />
            </button>
          ))}
        </div>
        <button
          type="button"
          class="icon-button"
          aria-label="Details"
          title="Details"
          aria-pressed={details}
          onClick={onDetails}
        >
          <Icon name="info" />
        </button>
      </div>
    </div>
  )
}

function UploadButtons({ onFiles }: { readonly onFiles: ToolbarProps['onFiles'] }) {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const chosen = (input: HTMLInputElement) => {
    onFiles(Array.from(input.files ?? []))
    // The same files may be chosen again.
    input.value = ''
  }
  return (
    <div class="upload-buttons">
      <button type="button" class="button primary" onClick={() => files.current?.click()}>
        <Icon name="upload" size={18} />
        Upload
      </button>
      <button type="button" class="button" title="Upload folder" onClick={() => folder.current?.click()}>
        <Icon name="folder" size={18} />
        <span class="label">Upload folder</span>
      </button>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-upload="files"
        onChange={(event) => chosen(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        multiple
        hidden
        data-upload="folder"
        {...{ webkitdirectory: true }}
        onChange={(event) => chosen(event.currentTarget)}
      />
    </div>
  )
}
