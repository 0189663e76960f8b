/**
 * The page: which data source and container are shown is in the address, after the `#`.
 */
import { dataSources, Storage } from './api.js'
import { selectContainer, showContainers } from './containers.js'
import { filesChanged, showFiles } from './files.js'
import { element, find, showError } from './page.js'
import { uploadTo } from './uploads.js'

const choice = find('source')
let sources = []
let shown
let storage

try {
  sources = await dataSources()
  choice.append(...sources.map(({ name, provider }) => element('option', { value: name }, `${name} (${provider})`)))
  find('source-choice').hidden = sources.length < 2
  await show()
  window.addEventListener('hashchange', async () => {
    await show()
    // Where the files are: out of sight on a small screen, and out of hearing for who does not see.
    if (placeInAddress().length === 2) find('files-title').focus()
  })
  choice.addEventListener('change', () => {
    location.hash = address(choice.value)
  })
} catch (error) {
  showError(find('page-error'), error)
}

async function show() {
  const [sourceName, container] = placeInAddress()
  const source = sources.find(({ name }) => name === sourceName) ?? sources.find(({ main }) => main)
  choice.value = source.name
  document.title = container === undefined ? 'Stowage' : `${container} · Stowage`
  showError(find('page-error'), source.error)
  find('containers').hidden = source.error !== undefined
  find('files').hidden = source.error !== undefined
  if (source.error !== undefined) {
    shown = source
    return
  }
  const changed = source !== shown
  if (changed) storage = new Storage(source.name)
  shown = source
  const { maxFileSize, capabilities } = source
  const stored = filesChanged.bind(undefined, storage, container)
  uploadTo({ storage, container, maxFileSize, createOnly: capabilities.conditions.create !== false, stored })
  if (!changed) selectContainer(container)
  await Promise.all([
    changed && showContainers(storage, container, (name) => address(source.name, name)),
    showFiles(storage, container),
  ])
}

/** `#/source/container`, each name as one encoded segment. */
function address(source, container) {
  return ['#', source, container]
    .filter((each) => each !== undefined)
    .map((each, index) => (index === 0 ? each : encodeURIComponent(each)))
    .join('/')
}

function placeInAddress() {
  try {
    return location.hash.split('/').slice(1, 3).map(decodeURIComponent)
  } catch {
    return []
  }
}
