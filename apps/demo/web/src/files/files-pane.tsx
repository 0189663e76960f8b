/**
 * The files of the container that is chosen: the way to where they are, what can be done, the list,
 * and the details.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { NewFolderDialog } from '../layout/container-dialogs.tsx'
import { ErrorNote, Modal } from '../layout/dialog.tsx'
import { Icon } from '../layout/icons.tsx'
import { useKept } from '../layout/media.ts'
import { goTo, type Place } from '../layout/place.ts'
import { type FileEntry, type Storage, wordsOf } from '../storage/api.ts'
import { entryOf } from '../storage/batches.ts'
import { AllowedFiles } from '../uploads/allowed-files.tsx'
import { type UploadWay, UploadWaySwitch } from '../uploads/upload-way.tsx'
import type { Uploads } from '../uploads/use-uploads.tsx'
import { Breadcrumbs } from './breadcrumbs.tsx'
import { Details } from './details.tsx'
import { DeleteDialog, RenameDialog, TransferDialog } from './file-dialogs.tsx'
import { FileGrid, type View } from './file-grid.tsx'
import type { Change } from './listing.ts'
import { baseName, count, folderOf } from './names.ts'
import { Preview } from './preview.tsx'
import { useSelection } from './selection.ts'
import { type FileAction, Toolbar } from './toolbar.tsx'
import { useListing } from './use-listing.ts'

type Dialog = FileAction | 'details' | 'folder'

interface FilesPaneProps {
  readonly storage: Storage
  readonly place: Place
  readonly narrow: boolean
  readonly uploads: Uploads
  readonly way: UploadWay
  readonly onSay: (said: string) => void
  /** Shown while no container is selected. */
  readonly children: ComponentChildren
}

export function FilesPane({ storage, place, narrow, uploads, way, onSay, children }: FilesPaneProps) {
  const { container, folder } = place
  const [search, setSearch] = useState('')
  const [version, setVersion] = useState(0)
  const listing = useListing(storage, container, folder, search, version)
  const entries = listing?.entries ?? []
  const selection = useSelection(entries)
  const [dialog, setDialog] = useState<Dialog>()
  const [previewed, setPreviewed] = useState<string>()
  const [view, setView] = useKept<View>('stowage-view', 'list')
  const [details, setDetails] = useKept<'shown' | 'hidden'>('stowage-details', 'shown')
  const pane = useRef<HTMLDivElement>(null)

  const apply = (change: Change) => listing?.apply(change)
  useEffect(
    () =>
      uploads.listen((where, info) => {
        if (where.storage === storage) listing?.apply({ container: where.container, stored: [entryOf(info)] })
      }),
    [storage, listing],
  )

  useEffect(() => {
    selection.clear()
    selection.move(0)
    setSearch('')
  }, [container, folder])

  const files = useMemo(() => entries.filter((entry): entry is FileEntry => !entry.folder), [entries])
  const act = (action: FileAction) => {
    if (action !== 'download') setDialog(action)
    else if (container !== undefined) downloadAll(storage, container, selection.entries)
  }
  const closeDialog = () => setDialog(undefined)
  // The element that had the focus before a dialog may no longer exist.
  useEffect(() => {
    if (dialog !== undefined || previewed !== undefined || document.activeElement !== document.body) return
    pane.current?.querySelector<HTMLElement>('[role=grid]')?.focus()
  }, [dialog, previewed, selection.selected.size])
  if (listing === undefined || container === undefined) {
    return <>{children}</>
  }
  const shared = {
    storage,
    container,
    entries: selection.entries,
    onChange: apply,
    onDone: (done: string) => {
      selection.clear()
      onSay(done)
    },
    onClose: closeDialog,
  }
  const showsDetails = details === 'shown' && !narrow
  return (
    <div class={`files ${showsDetails ? 'with-details' : ''}`} ref={pane}>
      <header class="files-head">
        <h1 class="visually-hidden">
          Files in {container}/{folder}
        </h1>
        <Breadcrumbs source={storage.source.name} container={container} folder={folder} />
        <Toolbar
          selection={selection}
          search={search}
          onSearch={setSearch}
          view={view}
          onView={setView}
          details={showsDetails}
          onDetails={() => (narrow ? setDialog('details') : setDetails(showsDetails ? 'hidden' : 'shown'))}
          onFiles={uploads.add}
          onNewFolder={() => setDialog('folder')}
          onReload={() => setVersion(version + 1)}
          onAction={act}
        />
        <UploadWaySwitch way={way} />
      </header>
      <div class="files-body">
        <div class="files-list">
          {entries.length > 0 && (
            <FileGrid
              key={listing.container + listing.folder}
              listing={listing}
              selection={selection}
              view={view}
              label={`Files in ${container}/${folder}`}
              onOpen={(entry) => {
                if (entry.folder) goTo(storage.source.name, container, entry.name)
                else setPreviewed(entry.name)
              }}
              onRename={() => setDialog('rename')}
              onDelete={() => setDialog('delete')}
              onUp={() => folder !== '' && goTo(storage.source.name, container, folderOf(folder))}
            />
          )}
          {entries.length === 0 && listing.loading && <Skeleton />}
          {entries.length === 0 && listing.complete && <Empty search={search} folder={folder} />}
          {listing.error !== undefined && <ErrorNote retry={() => listing.load()}>{wordsOf(listing.error)}</ErrorNote>}
          <p class="files-foot" role="status">
            {footOf(entries.length, listing.complete, listing.loading, listing.sort !== undefined)}
          </p>
          <AllowedFiles source={storage.source} />
        </div>
        {showsDetails && (
          <aside class="details" aria-label="Details">
            <Details storage={storage} container={container} entries={selection.entries} />
          </aside>
        )}
      </div>
      {previewed !== undefined && (
        <Preview
          storage={storage}
          container={container}
          files={files}
          name={previewed}
          onShow={(name) => {
            setPreviewed(name)
            selection.choose(entries.findIndex((entry) => entry.name === name))
          }}
          onClose={() => setPreviewed(undefined)}
        />
      )}
      {dialog === 'delete' && <DeleteDialog {...shared} />}
      {dialog === 'rename' && <RenameDialog {...shared} />}
      {(dialog === 'copy' || dialog === 'move') && <TransferDialog {...shared} kind={dialog} folder={folder} />}
      {dialog === 'folder' && (
        <NewFolderDialog
          onClose={closeDialog}
          onNamed={(name) => goTo(storage.source.name, container, `${folder}${name}/`)}
        />
      )}
      {dialog === 'details' && (
        <Modal title="Details" onClose={closeDialog}>
          <div class="modal-body details">
            <Details storage={storage} container={container} entries={selection.entries} />
          </div>
        </Modal>
      )}
      <div class="drop-hint" aria-hidden="true">
        <div>
          <Icon name="upload" size={48} />
          <p>Drop to upload to “{folder === '' ? container : baseName(folder)}”</p>
          <AllowedFiles source={storage.source} />
        </div>
      </div>
    </div>
  )
}

/** As the browser would on a click on each; folders have no download. */
function downloadAll(
  storage: Storage,
  container: string,
  entries: readonly { name: string; folder?: boolean | undefined }[],
) {
  for (const { name, folder } of entries) {
    if (folder) continue
    const link = document.createElement('a')
    link.href = storage.downloadUrl(container, name)
    link.download = baseName(name)
    link.click()
  }
}

function footOf(shown: number, complete: boolean, loading: boolean, sorting: boolean): string {
  if (shown === 0) return ''
  if (loading && sorting) return 'Reading the whole list to sort it …'
  if (complete) return count(shown, 'item')
  return `${count(shown, 'item')} so far${loading ? ', loading more …' : '; scroll for more'}`
}

function Empty({ search, folder }: { readonly search: string; readonly folder: string }) {
  return (
    <div class="empty">
      <Icon name={search === '' ? 'upload' : 'search'} size={48} />
      {search === '' ? (
        <p>
          {folder === '' ? 'This container is empty.' : 'This folder is empty.'} Drop files or whole folders anywhere on
          this page, or use Upload.
        </p>
      ) : (
        <p>No name begins with “{search}”.</p>
      )}
    </div>
  )
}

function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: 8 }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  )
}
