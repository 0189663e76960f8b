/**
 * Dialogs: forms with an action, its progress and its errors.
 */
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { wordsOf } from '../storage/api.ts'
import type { Batch, Failure, Progress } from '../storage/batches.ts'
import { Icon } from './icons.tsx'

interface ModalProps {
  readonly title: ComponentChildren
  readonly class?: string
  readonly onClose: () => void
  readonly onKeyDown?: (event: KeyboardEvent) => void
  readonly children: ComponentChildren
}

/** The browser's modal dialog: it contains the focus, closes on Escape and restores the focus. */
export function Modal({ title, class: className = '', onClose, onKeyDown, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  // Before the next key press, so that it goes into the dialog.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    element?.querySelector<HTMLElement>('[data-first]')?.focus()
    // Restores the focus.
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      class={`modal ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onKeyDown={(event) => {
        event.stopPropagation()
        onKeyDown?.(event)
      }}
    >
      <header class="modal-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  )
}

/** The result of an action: success, failures by name, or a question before it continues. */
export type Outcome = undefined | { readonly failures: readonly Failure[] } | { readonly question: Question }

interface Question {
  readonly text: string
  readonly confirm: string
  readonly action: (batch: Batch) => Promise<Outcome>
}

interface FormDialogProps {
  readonly title: ComponentChildren
  readonly confirm: string
  readonly danger?: boolean
  readonly disabled?: boolean
  /** Resolves with the outcome, and rejects with an error to show. */
  readonly action: (batch: Batch) => Promise<Outcome>
  readonly onClose: () => void
  readonly children: ComponentChildren
}

type State =
  | { readonly at: 'form'; readonly error?: string }
  | { readonly at: 'running'; readonly progress?: Progress; readonly abort: AbortController }
  | { readonly at: 'failed'; readonly failures: readonly Failure[] }
  | { readonly at: 'question'; readonly question: Question }

export function FormDialog({
  title,
  confirm,
  danger = false,
  disabled = false,
  action,
  onClose,
  children,
}: FormDialogProps) {
  const [state, setState] = useState<State>({ at: 'form' })
  const run = async (act: FormDialogProps['action']) => {
    const abort = new AbortController()
    setState({ at: 'running', abort })
    const progress = (made: Progress) => setState({ at: 'running', abort, progress: made })
    try {
      const outcome = await act({ signal: abort.signal, progress })
      if (outcome === undefined) onClose()
      else if ('question' in outcome) setState({ at: 'question', question: outcome.question })
      else if (outcome.failures.length === 0) onClose()
      else setState({ at: 'failed', failures: outcome.failures })
    } catch (error) {
      if (abort.signal.aborted) onClose()
      else setState({ at: 'form', error: wordsOf(error) })
    }
  }
  const close = () => (state.at === 'running' ? state.abort.abort() : onClose())
  const submit = (event: Event) => {
    event.preventDefault()
    if (state.at === 'form') void run(action)
    if (state.at === 'question') void run(state.question.action)
  }
  const goingOn = state.at === 'form' || state.at === 'running'
  return (
    <Modal title={title} onClose={close}>
      <form class="modal-form" onSubmit={submit}>
        <div class="modal-body">
          {goingOn && <fieldset disabled={state.at === 'running'}>{children}</fieldset>}
          {state.at === 'running' && <Running progress={state.progress} />}
          {state.at === 'form' && state.error !== undefined && <ErrorNote>{state.error}</ErrorNote>}
          {state.at === 'failed' && <Failures failures={state.failures} />}
          {state.at === 'question' && <p role="alert">{state.question.text}</p>}
        </div>
        <footer class="modal-foot">
          <button type="button" class="button" data-first={danger || undefined} onClick={close}>
            {state.at === 'failed' ? 'Close' : 'Cancel'}
          </button>
          {state.at === 'question' && (
            <button type="submit" class="button danger">
              {state.question.confirm}
            </button>
          )}
          {goingOn && (
            <button
              type="submit"
              class={`button ${danger ? 'danger' : 'primary'}`}
              disabled={disabled || state.at === 'running'}
            >
              {confirm}
            </button>
          )}
        </footer>
      </form>
    </Modal>
  )
}

function Running({ progress }: { readonly progress: Progress | undefined }) {
  const { done = 0, total } = progress ?? {}
  return (
    <div class="running" role="status">
      {total === undefined ? (
        <progress aria-label="Working" />
      ) : (
        <progress aria-label="Working" max={total} value={done} />
      )}
      <span>{total === undefined ? 'Working …' : `${done} of ${total}`}</span>
    </div>
  )
}

function Failures({ failures }: { readonly failures: readonly Failure[] }) {
  return (
    <div role="alert">
      <p>{failures.length === 1 ? 'One file failed:' : `${failures.length} files failed:`}</p>
      <ul class="failures">
        {failures.slice(0, 100).map(({ name, message }) => (
          <li key={name}>
            <bdi>{name}</bdi>
            <span>{message}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** An error message, with a button for `retry`. */
export function ErrorNote({ children, retry }: { readonly children: ComponentChildren; readonly retry?: () => void }) {
  return (
    <div class="error-note" role="alert">
      <Icon name="alert" />
      <p>{children}</p>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Retry
        </button>
      )}
    </div>
  )
}

interface NameFieldProps {
  readonly label: string
  readonly name: string
  /** How many of its first characters are selected at the beginning. */
  readonly selected?: number
  readonly onName: (name: string) => void
}

/** A field for a name. */
export function NameField({ label, name, selected = 0, onName }: NameFieldProps) {
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => input.current?.setSelectionRange(0, selected), [])
  return (
    <label class="field">
      <span>{label}</span>
      <input
        ref={input}
        data-first
        value={name}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onName(event.currentTarget.value)}
      />
    </label>
  )
}
