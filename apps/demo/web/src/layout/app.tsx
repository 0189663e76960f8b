/**
 * The page: the sidebar, and what of it is chosen.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { FilesPane } from '../files/files-pane.tsx'
import { formatBytes } from '../files/names.ts'
import { type Container, type DataSource, dataSources, Storage, wordsOf } from '../storage/api.ts'
import { AllowedFiles } from '../uploads/allowed-files.tsx'
import { ConflictDialog } from '../uploads/conflict-dialog.tsx'
import { UploadDock } from '../uploads/dock.tsx'
import { useUploadWay } from '../uploads/upload-way.tsx'
import { useUploads } from '../uploads/use-uploads.tsx'
import { DeleteContainerDialog, NewContainerDialog } from './container-dialogs.tsx'
import { ErrorNote } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { useMedia } from './media.ts'
import { goTo, usePlace } from './place.ts'
import { providerName, Sidebar } from './sidebar.tsx'
import { useContainers } from './use-containers.ts'

type Dialog = { readonly kind: 'new' } | { readonly kind: 'delete'; readonly container: Container }

export function App() {
  const place = usePlace()
  const [sources, setSources] = useState<readonly DataSource[]>()
  const [error, setError] = useState<unknown>()
  const [dialog, setDialog] = useState<Dialog>()
  const [menu, setMenu] = useState(false)
  const [said, setSaid] = useState('')
  const narrow = useMedia('(max-width: 760px)')

  const loadSources = () => {
    setError(undefined)
    dataSources().then(setSources, setError)
  }
  useEffect(loadSources, [])

  const source = sources?.find(({ name }) => name === place.source) ?? sources?.find(({ main }) => main)
  const storage = useMemo(
    () => (source === undefined || source.error !== undefined ? undefined : new Storage(source)),
    [source],
  )
  const { container, folder } = place
  const containers = useContainers(storage)
  const way = useUploadWay(storage, container)
  const direct = way.isDirect
  const target = useMemo(
    () => (storage === undefined || container === undefined ? undefined : { storage, container, folder, direct }),
    [storage, container, folder, direct],
  )
  const uploads = useUploads({
    place: target,
    storageOf: (name) => {
      if (name === source?.name) return storage
      const other = sources?.find((each) => each.name === name && each.error === undefined)
      return other === undefined ? undefined : new Storage(other)
    },
    ready: containers.entries.length > 0 || containers.complete,
    failed: (failure) => setSaid(wordsOf(failure)),
  })

  // Another client may have created it after the list was read.
  const known =
    container === undefined || !containers.complete || containers.entries.some(({ name }) => name === container)
  useEffect(() => {
    if (!known) containers.reload()
  }, [container, known])

  useEffect(() => setMenu(false), [place.source, place.container, place.folder])
  useEffect(() => {
    document.title = place.container === undefined ? 'Stowage' : `${place.container} · Stowage`
  }, [place.container])
  // What was done is said, and shown, for a while.
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => setSaid(''), 6000)
    return () => clearTimeout(timer)
  }, [said])

  const sidebar = sources !== undefined && (
    <Sidebar
      sources={sources}
      source={source}
      place={place}
      containers={containers}
      onCreate={() => setDialog({ kind: 'new' })}
      onDestroy={(container) => setDialog({ kind: 'delete', container })}
    />
  )
  return (
    <div class="app">
      {narrow ? (
        <Drawer open={menu} onClose={() => setMenu(false)}>
          {sidebar}
        </Drawer>
      ) : (
        <aside class="sidebar">{sidebar}</aside>
      )}
      <main class="main">
        {narrow && (
          <div class="topbar">
            <button
              type="button"
              class="icon-button"
              aria-label="Data sources and containers"
              onClick={() => setMenu(true)}
            >
              <Icon name="menu" />
            </button>
            <span class="topbar-title">Stowage</span>
          </div>
        )}
        {error !== undefined && <ErrorNote retry={loadSources}>{wordsOf(error)}</ErrorNote>}
        {source?.error !== undefined && (
          <div class="welcome">
            <h1>
              <bdi>{source.name}</bdi> cannot be used
            </h1>
            <ErrorNote>{wordsOf(new Error(source.error.message))}</ErrorNote>
          </div>
        )}
        {storage !== undefined && (
          <FilesPane
            key={storage.source.name}
            storage={storage}
            place={place}
            narrow={narrow}
            uploads={uploads}
            way={way}
            onSay={setSaid}
          >
            <Welcome
              source={storage.source}
              empty={containers.complete && containers.entries.length === 0}
              containers={containers.entries}
              onCreate={() => setDialog({ kind: 'new' })}
            />
          </FilesPane>
        )}
      </main>
      <div class="said" role="status">
        {said !== '' && <span>{said}</span>}
      </div>
      {uploads.session !== undefined && (
        <UploadDock session={uploads.session} status={uploads.status} interrupted={uploads.interrupted} />
      )}
      {uploads.conflict !== undefined && <ConflictDialog conflict={uploads.conflict} />}
      {dialog?.kind === 'new' && storage !== undefined && (
        <NewContainerDialog
          storage={storage}
          onClose={() => setDialog(undefined)}
          onCreated={(name) => {
            containers.reload()
            setSaid(`Created the container “${name}”`)
            goTo(storage.source.name, name)
          }}
        />
      )}
      {dialog?.kind === 'delete' && storage !== undefined && (
        <DeleteContainerDialog
          storage={storage}
          container={dialog.container.name}
          onClose={() => setDialog(undefined)}
          onDestroyed={() => {
            containers.reload()
            setSaid(`Deleted the container “${dialog.container.name}”`)
            if (place.container === dialog.container.name) goTo(storage.source.name)
          }}
        />
      )}
    </div>
  )
}

interface DrawerProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** The sidebar of small windows: a modal, so that the focus stays in it and Escape closes it. */
function Drawer({ open, onClose, children }: DrawerProps) {
  const [dialog, setDialog] = useState<HTMLDialogElement | null>(null)
  useEffect(() => {
    if (open) dialog?.showModal()
    else dialog?.close()
  }, [dialog, open])
  return (
    <dialog
      ref={setDialog}
      class="drawer"
      aria-label="Data sources and containers"
      onClose={onClose}
      onClick={(event) => event.target === dialog && onClose()}
    >
      {children}
    </dialog>
  )
}

interface WelcomeProps {
  readonly source: DataSource
  readonly empty: boolean
  readonly containers: readonly Container[]
  readonly onCreate: () => void
}

/** Where nothing is chosen yet: what can be. */
function Welcome({ source, empty, containers, onCreate }: WelcomeProps) {
  return (
    <div class="welcome">
      <h1>
        <bdi>{source.name}</bdi>
      </h1>
      <p class="hint">
        {providerName(source.provider)}
        {source.maxFileSize !== undefined && ` · files of up to ${formatBytes(source.maxFileSize)}`}
      </p>
      <AllowedFiles source={source} />
      {empty ? (
        <div class="empty">
          <Icon name="box" size={48} />
          <p>Files are stored in containers. Create the first one to begin.</p>
          <button type="button" class="button primary" onClick={onCreate}>
            <Icon name="plus" /> New container
          </button>
        </div>
      ) : (
        <ul class="cards">
          {containers.map(({ name }) => (
            <li key={name}>
              <a class="card" href={`#/${encodeURIComponent(source.name)}/${encodeURIComponent(name)}/`}>
                <Icon name="box" size={28} />
                <bdi>{name}</bdi>
              </a>
            </li>
          ))}
          <li>
            <button type="button" class="card new" onClick={onCreate}>
              <Icon name="plus" size={28} />
              New container
            </button>
          </li>
        </ul>
      )}
      <Terminal source={source} container={containers[0]?.name} />
    </div>
  )
}

/** The same from a terminal: what this page does is what the API does. */
function Terminal({ source, container }: { readonly source: DataSource; readonly container: string | undefined }) {
  const base = new URL(`api/datasources/${encodeURIComponent(source.name)}/containers`, document.baseURI).href
  const files = `${base}/${encodeURIComponent(container ?? 'photos')}`
  const commands = [
    ...(container === undefined ? [`curl -d name=photos ${base}`] : []),
    `curl -T cat.jpg ${files}/files/2024/cat.jpg`,
    `curl ${files}/files`,
    `curl -OJ ${files}/download/2024/cat.jpg`,
  ]
  return (
    <section class="terminal" aria-labelledby="terminal-title">
      <h2 id="terminal-title">The same from a terminal</h2>
      {/* Scrolls, so the keyboard must reach it. */}
      <pre tabIndex={0} role="region" aria-label="Commands">
        {commands.join('\n')}
      </pre>
      <p class="hint">
        Every data source has the same API: <a href="explorer/">try it</a>.
      </p>
    </section>
  )
}
