/**
 * The dialogs that change files.
 */
import { useState } from 'preact/hooks'
import { FormDialog, NameField, type Outcome } from '../layout/dialog.tsx'
import type { Entry, Storage } from '../storage/api.ts'
import { type Batch, entryOf, planTransfer, removeAll, type Transfer, transferAll } from '../storage/batches.ts'
import { FolderChoice } from './folder-choice.tsx'
import type { Change } from './listing.ts'
import { baseName, count, folderOf } from './names.ts'

export interface FileDialogProps {
  readonly storage: Storage
  readonly container: string
  readonly entries: readonly Entry[]
  readonly onChange: (change: Change) => void
  /** Called with a sentence about the result. */
  readonly onDone: (done: string) => void
  readonly onClose: () => void
}

const shownCount = (entries: readonly Entry[]) =>
  entries.length === 1 ? `“${baseName(entries[0]?.name ?? '')}”` : count(entries.length, 'item')

export function DeleteDialog({ storage, container, entries, onChange, onDone, onClose }: FileDialogProps) {
  const withFolders = entries.some(({ folder }) => folder)
  const action = async (batch: Batch): Promise<Outcome> => {
    const failures = await removeAll(storage, container, entries, batch)
    const failed = new Set(failures.map(({ name }) => name))
    // A folder stays where a file in it does.
    const stays = ({ name }: Entry) => failed.has(name) || failures.some((failure) => failure.name.startsWith(name))
    const removed = entries.filter((entry) => !(entry.folder ? stays(entry) : failed.has(entry.name)))
    onChange({ container, removed: removed.map(({ name }) => name) })
    if (failures.length === 0) onDone(`Deleted ${shownCount(entries)}`)
    return { failures }
  }
  return (
    <FormDialog title={`Delete ${shownCount(entries)}?`} confirm="Delete" danger action={action} onClose={onClose}>
      <p>{withFolders ? 'Folders are deleted with everything in them. ' : ''}This cannot be undone.</p>
      {entries.length > 1 && <Names entries={entries} />}
    </FormDialog>
  )
}

function Names({ entries }: { readonly entries: readonly Entry[] }) {
  return (
    <ul class="names">
      {entries.slice(0, 5).map(({ name }) => (
        <li key={name}>
          <bdi>{baseName(name)}</bdi>
        </li>
      ))}
      {entries.length > 5 && <li>and {entries.length - 5} more</li>}
    </ul>
  )
}

/** Copies or moves, asks before replacing files, and reports the changes to the page. */
async function transfer(
  { storage, container, entries, onChange, onDone }: FileDialogProps,
  kind: 'copy' | 'move',
  target: string,
  transfers: readonly Transfer[],
  done: string,
  batch: Batch,
  replace = false,
): Promise<Outcome> {
  const { stored, failures, conflicts } = await transferAll(storage, kind, container, target, transfers, replace, batch)
  if (kind === 'move') {
    const kept = new Set([...failures.map(({ name }) => name), ...conflicts.map(({ from }) => from)])
    const moved = transfers.filter(({ from }) => !kept.has(from)).map(({ from }) => from)
    const folders = entries.filter(({ folder, name }) => folder && ![...kept].some((file) => file.startsWith(name)))
    if (!batch.signal.aborted) onChange({ container, removed: [...moved, ...folders.map(({ name }) => name)] })
  }
  onChange({ container: target, stored: stored.map(entryOf) })
  if (batch.signal.aborted || conflicts.length === 0) {
    if (failures.length === 0) onDone(done)
    return { failures }
  }
  const [first] = conflicts
  return {
    question: {
      text:
        conflicts.length === 1
          ? `“${baseName(first?.to ?? '')}” already exists. Replace it?`
          : `${count(conflicts.length, 'file')} of these names already exist. Replace them?`,
      confirm: 'Replace',
      action: (again) =>
        transfer(
          { storage, container, entries, onChange, onDone, onClose: () => undefined },
          kind,
          target,
          conflicts,
          done,
          again,
          true,
        ),
    },
  }
}

export function RenameDialog(props: FileDialogProps) {
  const { storage, container, entries, onClose } = props
  const [entry] = entries
  const before = entry?.name ?? ''
  const [name, setName] = useState(baseName(before))
  // What people change is the name before the extension.
  const dot = entry?.folder ? -1 : name.lastIndexOf('.')
  const action = async (batch: Batch): Promise<Outcome> => {
    const after = folderOf(before) + name + (entry?.folder ? '/' : '')
    if (after === before) return undefined
    const rename = (file: string) => after + file.slice(before.length)
    const transfers = await planTransfer(storage, container, entries, rename, batch)
    return transfer(props, 'move', container, transfers, `Renamed to “${name}”`, batch)
  }
  return (
    <FormDialog title="Rename" confirm="Rename" disabled={name === ''} action={action} onClose={onClose}>
      <NameField label="New name" name={name} selected={dot > 0 ? dot : name.length} onName={setName} />
    </FormDialog>
  )
}

interface TransferDialogProps extends FileDialogProps {
  readonly kind: 'copy' | 'move'
  /** Where the visitor is. */
  readonly folder: string
}

export function TransferDialog(props: TransferDialogProps) {
  const { storage, container, entries, kind, onClose } = props
  const [target, setTarget] = useState({ container, folder: props.folder })
  const verb = kind === 'copy' ? 'Copy' : 'Move'
  const here = target.container === container && target.folder === props.folder
  const action = async (batch: Batch): Promise<Outcome> => {
    if (target.container === container) {
      const into = entries.find((entry) => entry.folder && target.folder.startsWith(entry.name))
      if (into !== undefined) throw new Error(`The folder “${baseName(into.name)}” cannot be put into itself.`)
    }
    const rename = (file: string) => target.folder + file.slice(props.folder.length)
    const transfers = await planTransfer(storage, container, entries, rename, batch)
    const done = `${kind === 'copy' ? 'Copied' : 'Moved'} ${shownCount(entries)} to ${target.container}/${target.folder}`
    return transfer(props, kind, target.container, transfers, done, batch)
  }
  return (
    <FormDialog
      title={`${verb} ${shownCount(entries)}`}
      confirm={`${verb} here`}
      disabled={here}
      action={action}
      onClose={onClose}
    >
      <FolderChoice storage={storage} {...target} onChange={setTarget} />
      {here && <p class="hint">Already in this folder: choose another one.</p>}
    </FormDialog>
  )
}
