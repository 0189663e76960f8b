/**
 * The list of containers: choose, create, delete.
 */
import { announce, confirmed, element, find, showError } from './page.js'

const list = find('container-list')
const more = find('more-containers')
const form = find('new-container')
const input = find('new-container-name')
const errorPlace = find('containers-error')

let storage
let addressOf
let selected
let next

/** Shows the containers of a storage, with one of them selected; `address` gives a container's place in this page. */
export async function showContainers(ofStorage, container, address) {
  storage = ofStorage
  addressOf = address
  selected = container
  await reload()
}

/** Marks another container without asking the server again. */
export function selectContainer(container) {
  selected = container
  for (const link of list.querySelectorAll('a')) mark(link)
}

async function reload() {
  const current = storage
  try {
    const page = await current.containers()
    if (storage !== current) return
    list.replaceChildren()
    add(page)
    showError(errorPlace)
  } catch (error) {
    if (storage !== current) return
    list.replaceChildren()
    more.hidden = true
    find('no-containers').hidden = true
    showError(errorPlace, error)
  }
}

function add(page) {
  next = page.next
  more.hidden = next === undefined
  list.append(...page.entries.map(({ name }) => item(name)))
  find('no-containers').hidden = list.childElementCount > 0
}

function item(name) {
  const link = element('a', { href: addressOf(name) }, element('bdi', {}, name))
  link.dataset.container = name
  mark(link)
  const remove = element('button', { className: 'quiet danger', ariaLabel: `Delete the container ${name}` }, 'Delete')
  remove.addEventListener('click', () => destroy(name))
  return element('li', {}, link, remove)
}

function mark(link) {
  if (link.dataset.container === selected) link.setAttribute('aria-current', 'page')
  else link.removeAttribute('aria-current')
}

async function destroy(name) {
  if (!(await confirmed(`Delete the container “${name}” and all files in it?`))) return
  try {
    await storage.destroyContainer(name)
    announce(`Container ${name} deleted`)
    if (name === selected) location.hash = addressOf()
    await reload()
    input.focus()
  } catch (error) {
    showError(errorPlace, error)
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const name = input.value
  try {
    await storage.createContainer(name)
    input.value = ''
    announce(`Container ${name} created`)
    await reload()
    location.hash = addressOf(name)
  } catch (error) {
    showError(errorPlace, error)
    input.focus()
  }
})

more.addEventListener('click', async () => {
  try {
    const first = list.childElementCount
    add(await next())
    list.children[first]?.querySelector('a').focus()
  } catch (error) {
    showError(errorPlace, error)
  }
})
