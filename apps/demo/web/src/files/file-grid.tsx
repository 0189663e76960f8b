/**
 * The list of files: rows or tiles, for the mouse, for fingers and for the keyboard (the grid
 * pattern of the ARIA practices).
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../layout/icons.tsx'
import { addressOf } from '../layout/place.ts'
import type { Entry } from '../storage/api.ts'
import type { Listing, Sort } from './listing.ts'
import { formatBytes, formatDate, shownName } from './names.ts'
import type { Selection } from './selection.ts'
import { Thumbnail } from './thumbnail.tsx'
import { VirtualRows } from './virtual-rows.tsx'

export type View = 'list' | 'tiles'

interface FileGridProps {
  readonly listing: Listing
  readonly selection: Selection
  readonly view: View
  readonly label: string
  readonly onOpen: (entry: Entry) => void
  readonly onRename: () => void
  readonly onDelete: () => void
  readonly onUp: () => void
}

const rowHeight = 48
const tileHeight = 196
const tileWidth = 176

const columns: readonly { readonly by: Sort['by']; readonly title: string; readonly class: string }[] = [
  { by: 'name', title: 'Name', class: 'cell-name' },
  { by: 'size', title: 'Size', class: 'cell-size' },
  { by: 'mtime', title: 'Changed', class: 'cell-time' },
]

export function FileGrid(props: FileGridProps) {
  const { listing, selection, view, label } = props
  const { entries } = listing
  const scroller = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const tilesPerRow = Math.max(2, Math.floor(width / tileWidth))
  const perRow = view === 'list' ? 1 : tilesPerRow
  const rows = Math.ceil(entries.length / perRow)

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const resized = new ResizeObserver(() => setWidth(element.clientWidth))
    resized.observe(element)
    return () => resized.disconnect()
  }, [])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target === scroller.current && pressKey(event, props, perRow)) event.preventDefault()
  }
  const onEnd = () => {
    if (!listing.complete && listing.error === undefined) listing.loadMore()
  }
  const shared = { listing, selection, onOpen: props.onOpen }
  return (
    // The grid itself has the focus, because rows are added and removed during scrolling.
    <div
      ref={scroller}
      class={`grid ${view}`}
      data-scroller
      tabIndex={0}
      role="grid"
      aria-label={label}
      aria-multiselectable="true"
      aria-rowcount={listing.complete ? rows + 1 : -1}
      aria-activedescendant={entries.length === 0 ? undefined : cellId(selection.active)}
      onKeyDown={onKeyDown}
    >
      <Head listing={listing} view={view} selection={selection} />
      <VirtualRows
        rows={rows}
        rowHeight={view === 'list' ? rowHeight : tileHeight}
        active={Math.floor(selection.active / perRow)}
        onEnd={onEnd}
        render={(row, top) =>
          view === 'list' ? (
            <Row key={row} {...shared} index={row} top={top} />
          ) : (
            <div
              key={row}
              class="tile-row"
              role="row"
              aria-rowindex={row + 2}
              style={{ transform: `translateY(${top}px)`, gridTemplateColumns: `repeat(${perRow}, minmax(0, 1fr))` }}
            >
              {entries.slice(row * perRow, (row + 1) * perRow).map((entry, column) => (
                <Tile key={entry.name} {...shared} entry={entry} index={row * perRow + column} />
              ))}
            </div>
          )
        }
      />
    </div>
  )
}

const cellId = (index: number) => `entry-${index}`

/** Whether the key meant something here. */
function pressKey(event: KeyboardEvent, props: FileGridProps, perRow: number): boolean {
  const { listing, selection } = props
  const { entries } = listing
  const { active } = selection
  const { key, shiftKey, altKey } = event
  const command = event.ctrlKey || event.metaKey
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: perRow,
    ArrowUp: -perRow,
    ...(perRow > 1 ? { ArrowRight: 1, ArrowLeft: -1 } : {}),
    PageDown: 10 * perRow,
    PageUp: -10 * perRow,
    Home: -entries.length,
    End: entries.length,
  }
  if (key === 'Backspace' || (altKey && key === 'ArrowUp')) props.onUp()
  else if (entries.length === 0) return false
  else if (key in steps) {
    const to = Math.min(entries.length - 1, Math.max(0, active + (steps[key] ?? 0)))
    // The first key only shows where the keyboard is.
    const there = selection.selected.size === 0 && active === 0 && key === 'ArrowDown' ? 0 : to
    if (shiftKey) selection.extend(there)
    else if (command) selection.move(there)
    else selection.choose(there)
  } else if (key === ' ') selection.toggle(active)
  else if (key === 'Enter') props.onOpen(entries[active] as Entry)
  else if (command && key.toLowerCase() === 'a') selection.all()
  else if (key === 'Escape' && selection.selected.size > 0) selection.clear()
  else if (key === 'F2' && selection.selected.size === 1) props.onRename()
  else if (key === 'Delete' && selection.selected.size > 0) props.onDelete()
  else return false
  return true
}

interface HeadProps {
  readonly listing: Listing
  readonly selection: Selection
  readonly view: View
}

function Head({ listing, selection, view }: HeadProps) {
  const { sort, entries } = listing
  const by = sort?.by ?? 'name'
  const descending = sort?.descending ?? false
  const all = entries.length > 0 && selection.selected.size >= entries.length
  return (
    <div class={`head ${view}`} role="rowgroup">
      <div class="head-row" role="row" aria-rowindex={1}>
        <div class="cell-check" role="columnheader">
          <input
            type="checkbox"
            aria-label="Select all shown"
            checked={all}
            ref={(box) => {
              if (box !== null) box.indeterminate = !all && selection.selected.size > 0
            }}
            onChange={() => (all ? selection.clear() : selection.all())}
          />
        </div>
        {columns.map((column) => (
          <div
            key={column.by}
            class={column.class}
            role="columnheader"
            aria-sort={by !== column.by ? 'none' : descending ? 'descending' : 'ascending'}
          >
            <button
              type="button"
              class="sort"
              onClick={() => listing.sortBy({ by: column.by, descending: by === column.by && !descending })}
            >
              {column.title}
              {by === column.by && <Icon name={descending ? 'down' : 'up'} size={14} />}
            </button>
          </div>
        ))}
      </div>
    </div>
  )
}

interface EntryProps {
  readonly listing: Listing
  readonly selection: Selection
  readonly index: number
  readonly onOpen: (entry: Entry) => void
}

/** A click selects; with Ctrl or ⌘ it adds, with Shift it extends. */
function select(event: MouseEvent, selection: Selection, index: number): void {
  if (event.shiftKey) selection.extend(index)
  else if (event.ctrlKey || event.metaKey) selection.toggle(index)
  else selection.choose(index)
}

function Row({ listing, selection, index, top, onOpen }: EntryProps & { readonly top: number }) {
  const entry = listing.entries[index]
  if (entry === undefined) return null
  const { storage, container, folder } = listing
  const selected = selection.selected.has(entry.name)
  return (
    <div
      id={cellId(index)}
      class={`row ${selected ? 'selected' : ''} ${selection.active === index ? 'active' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => select(event, selection, index)}
      onDblClick={() => onOpen(entry)}
    >
      <Check entry={entry} selection={selection} index={index} folder={folder} role="gridcell" />
      <div class="cell-name" role="gridcell">
        <Thumbnail storage={storage} container={container} entry={entry} size={20} />
        <Name {...{ listing, entry, onOpen }} />
      </div>
      <div class="cell-size" role="gridcell">
        {entry.folder ? '' : formatBytes(entry.size)}
      </div>
      <div class="cell-time" role="gridcell">
        {entry.folder ? '' : <time dateTime={entry.mtime}>{formatDate(entry.mtime)}</time>}
      </div>
    </div>
  )
}

function Tile({ listing, selection, index, entry, onOpen }: EntryProps & { readonly entry: Entry }) {
  const { storage, container, folder } = listing
  const selected = selection.selected.has(entry.name)
  return (
    <div
      id={cellId(index)}
      class={`tile ${selected ? 'selected' : ''} ${selection.active === index ? 'active' : ''}`}
      role="gridcell"
      aria-selected={selected}
      onClick={(event) => select(event, selection, index)}
      onDblClick={() => onOpen(entry)}
    >
      <Check entry={entry} selection={selection} index={index} folder={folder} />
      <Thumbnail storage={storage} container={container} entry={entry} size={44} />
      <Name {...{ listing, entry, onOpen }} />
      <span class="tile-size">{entry.folder ? 'Folder' : formatBytes(entry.size)}</span>
    </div>
  )
}

interface CheckProps {
  readonly entry: Entry
  readonly selection: Selection
  readonly index: number
  readonly folder: string
  readonly role?: 'gridcell'
}

function Check({ entry, selection, index, folder, role }: CheckProps) {
  const cell = (children: ComponentChildren) =>
    role === undefined ? (
      <span class="cell-check">{children}</span>
    ) : (
      <div class="cell-check" role={role}>
        {children}
      </div>
    )
  return cell(
    <input
      type="checkbox"
      tabIndex={-1}
      aria-label={`Select ${shownName(entry.name, folder)}`}
      checked={selection.selected.has(entry.name)}
      onClick={(event) => event.stopPropagation()}
      onChange={() => selection.toggle(index)}
    />,
  )
}

interface NameProps {
  readonly listing: Listing
  readonly entry: Entry
  readonly onOpen: (entry: Entry) => void
}

/** Opens: a folder is a link, a file shows its preview. */
function Name({ listing, entry, onOpen }: NameProps) {
  const { storage, container, folder } = listing
  const name = <bdi>{shownName(entry.name, folder)}</bdi>
  const choosesMore = (event: MouseEvent) => event.shiftKey || event.ctrlKey || event.metaKey
  if (entry.folder) {
    const href = addressOf(storage.source.name, container, entry.name)
    return (
      <a class="name" href={href} tabIndex={-1} onClick={(event) => event.stopPropagation()}>
        {name}
      </a>
    )
  }
  return (
    <button
      type="button"
      class="name"
      tabIndex={-1}
      onClick={(event) => {
        if (choosesMore(event)) return
        event.stopPropagation()
        onOpen(entry)
      }}
    >
      {name}
    </button>
  )
}
