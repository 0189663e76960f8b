/**
 * The files of one container: list, search, download, delete.
 */
import { announce, confirmed, element, find, formatBytes, formatDate, showError } from './page.js'

const title = find('files-title')
const list = find('file-list')
const more = find('more-files')
const search = find('search')
const errorPlace = find('files-error')

let storage
let container
let next
/** Ends the request whose answer nobody waits for any more. */
let loading = new AbortController()

/** Shows a container's files; without a container, the invitation to choose one. */
export async function showFiles(ofStorage, ofContainer) {
  storage = ofStorage
  container = ofContainer
  search.value = ''
  list.replaceChildren()
  title.replaceChildren(element('bdi', {}, container ?? 'Files'))
  find('no-choice').hidden = container !== undefined
  find('files-content').hidden = container === undefined
  if (container === undefined) loading.abort()
  else await reload()
}

/** Shows the list as it is now, when it is that of this container. */
export async function filesChanged(inStorage, inContainer) {
  if (inStorage === storage && inContainer === container) await reload()
}

async function reload() {
  await load(
    (signal) => storage.files(container, search.value, signal),
    () => list.replaceChildren(),
  )
}

async function load(fetchPage, before) {
  loading.abort()
  loading = new AbortController()
  const { signal } = loading
  try {
    const page = await fetchPage(signal)
    if (signal.aborted) return
    before()
    next = page.next
    list.append(...page.entries.map(row))
    showError(errorPlace)
  } catch (error) {
    if (signal.aborted) return
    before()
    next = undefined
    showError(errorPlace, error)
  }
  showState()
}

function showState() {
  const none = find('no-files')
  more.hidden = next === undefined
  find('file-table').hidden = list.childElementCount === 0
  none.hidden = list.childElementCount > 0 || !errorPlace.hidden
  none.textContent = search.value === '' ? 'No files yet. Upload some.' : 'No file has a name that begins so.'
}

function row({ name, size, mtime }) {
  const link = element('a', { href: storage.downloadUrl(container, name), download: '' }, element('bdi', {}, name))
  const time = element('time', { dateTime: mtime }, formatDate(mtime))
  const remove = element('button', { className: 'quiet danger', ariaLabel: `Delete ${name}` }, 'Delete')
  const made = element(
    'tr',
    {},
    element('th', { scope: 'row' }, link),
    element('td', { className: 'number' }, formatBytes(size)),
    element('td', { className: 'changed' }, time),
    element('td', {}, remove),
  )
  remove.addEventListener('click', () => removeFile(name, made))
  return made
}

async function removeFile(name, itsRow) {
  if (!(await confirmed(`Delete the file “${name}”?`))) return
  try {
    await storage.removeFile(container, name)
    announce(`${name} deleted`)
    itsRow.remove()
    showError(errorPlace)
    showState()
    title.focus()
  } catch (error) {
    showError(errorPlace, error)
  }
}

search.addEventListener('input', reload)

more.addEventListener('click', async () => {
  const first = list.childElementCount
  await load(next, () => undefined)
  list.rows?.[first]?.querySelector('a').focus()
})
