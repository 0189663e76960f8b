/**
 * The dialogs that make and destroy containers, and the one that names a folder.
 */
import { useState } from 'preact/hooks'
import type { Storage } from '../storage/api.ts'
import { FormDialog, NameField } from './dialog.tsx'

interface NameDialogProps {
  readonly title: string
  readonly label: string
  readonly hint: string
  readonly confirm: string
  readonly action: (name: string) => Promise<void>
  readonly onClose: () => void
}

function NameDialog({ title, label, hint, confirm, action, onClose }: NameDialogProps) {
  const [name, setName] = useState('')
  return (
    <FormDialog
      title={title}
      confirm={confirm}
      disabled={name === ''}
      action={() => action(name).then(() => undefined)}
      onClose={onClose}
    >
      <NameField label={label} name={name} onName={setName} />
      <p class="hint">{hint}</p>
    </FormDialog>
  )
}

interface NewContainerProps {
  readonly storage: Storage
  readonly onCreated: (name: string) => void
  readonly onClose: () => void
}

export function NewContainerDialog({ storage, onCreated, onClose }: NewContainerProps) {
  const action = async (name: string) => {
    await storage.createContainer(name)
    onCreated(name)
  }
  const hint = 'A container holds files. Every service accepts lower-case letters, digits and hyphens.'
  return (
    <NameDialog title="New container" label="Name" hint={hint} confirm="Create" action={action} onClose={onClose} />
  )
}

interface NewFolderProps {
  readonly onNamed: (name: string) => void
  readonly onClose: () => void
}

export function NewFolderDialog({ onNamed, onClose }: NewFolderProps) {
  const action = async (name: string) => onNamed(name)
  const hint = 'A folder exists as long as it contains a file: upload one into it.'
  return <NameDialog title="New folder" label="Name" hint={hint} confirm="Open" action={action} onClose={onClose} />
}

interface DeleteContainerProps {
  readonly storage: Storage
  readonly container: string
  readonly onDestroyed: () => void
  readonly onClose: () => void
}

export function DeleteContainerDialog({ storage, container, onDestroyed, onClose }: DeleteContainerProps) {
  const action = async () => {
    await storage.destroyContainer(container)
    onDestroyed()
    return undefined
  }
  return (
    <FormDialog
      title={`Delete the container “${container}”?`}
      confirm="Delete"
      danger
      action={action}
      onClose={onClose}
    >
      <p>All files in it are deleted with it. This cannot be undone.</p>
    </FormDialog>
  )
}
