import { baseName } from '../files/names.ts'
import { Modal } from '../layout/dialog.tsx'
import type { Conflict } from './use-uploads.tsx'

/** Asks before an upload replaces files. */
export function ConflictDialog({ conflict }: { readonly conflict: Conflict }) {
  const { names, answer } = conflict
  const [first = ''] = names
  const one = names.length === 1
  return (
    <Modal title={one ? 'The file already exists' : 'Files already exist'} onClose={() => answer('skip')}>
      <div class="modal-body">
        <p>
          {one ? (
            <>
              <bdi>“{baseName(first)}”</bdi> already exists.
            </>
          ) : (
            `${names.length} of the files already exist, such as “${baseName(first)}”.`
          )}
        </p>
      </div>
      <footer class="modal-foot">
        <button type="button" class="button" data-first onClick={() => answer('skip')}>
          Skip
        </button>
        <button type="button" class="button" onClick={() => answer('both')}>
          Keep both
        </button>
        <button type="button" class="button danger" onClick={() => answer('replace')}>
          Replace
        </button>
      </footer>
    </Modal>
  )
}
