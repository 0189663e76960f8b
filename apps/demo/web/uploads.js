/**
 * Uploads: each with its progress, a few at a time.
 */
import { ApiError, messageOf } from './api.js'
import { announce, element, find, formatBytes } from './page.js'

const list = find('upload-list')
const choice = find('upload-choice')
/** Browsers allow six connections to a server; the rest of the page needs some. */
const parallel = 3

let target
const waiting = []
let running = 0

/**
 * Where files go that are chosen from now on: `{storage, container, maxFileSize, createOnly, stored}`. `createOnly` says that
 * the storage can refuse to replace a file; `stored` is called after each.
 */
export function uploadTo(place) {
  target = place
}

choice.addEventListener('change', () => {
  for (const file of choice.files) new Upload(target, file).enqueue()
  choice.value = ''
})

find('clear-uploads').addEventListener('click', () => {
  for (const row of list.querySelectorAll('.finished')) row.remove()
  find('uploads').hidden = list.childElementCount === 0
  choice.focus()
})

window.addEventListener('beforeunload', (event) => {
  if (running > 0) event.preventDefault()
})

class Upload {
  #place
  #file
  /** Ends the attempt that is under way; each one has its own. */
  #attempt
  #state = element('span', { className: 'state' })
  #progress = element('progress', { max: 1, value: 0 })
  #button = element('button', { className: 'quiet' })
  #row

  constructor(place, file) {
    this.#place = place
    this.#file = file
    this.#progress.ariaLabel = `Upload of ${file.name}`
    const where = element('span', {}, ' in ', element('bdi', {}, place.container))
    const name = element('div', { className: 'name' }, element('bdi', {}, file.name), where)
    this.#row = element('li', {}, name, this.#progress, this.#state, this.#button)
    list.append(this.#row)
    find('uploads').hidden = false
  }

  enqueue(replace = false) {
    this.#attempt = new AbortController()
    const { signal } = this.#attempt
    this.#row.className = 'upload'
    this.#progress.hidden = false
    this.#progress.value = 0
    this.#state.textContent = 'waiting'
    this.#offer('Cancel', () => this.#cancel())
    waiting.push(() => this.#run(replace, signal))
    startNext()
  }

  async #run(replace, signal) {
    const { storage, container, maxFileSize, stored } = this.#place
    const { name, size } = this.#file
    try {
      signal.throwIfAborted()
      if (size > maxFileSize) throw new ApiError(413, `the file is larger than ${formatBytes(maxFileSize)}`)
      if (!replace && (await storage.hasFile(container, name))) throw new ApiError(412)
      signal.throwIfAborted()
      await this.#send(storage.fileUrl(container, name), replace, signal)
      this.#finish('stored', 'stored')
      await stored()
    } catch (error) {
      if (!signal.aborted) this.#fail(error, replace)
    }
  }

  /** XMLHttpRequest, since fetch tells nothing of an upload's progress. */
  #send(url, replace, signal) {
    const request = new XMLHttpRequest()
    signal.addEventListener('abort', () => request.abort())
    request.open('PUT', url)
    if (!replace && this.#place.createOnly) request.setRequestHeader('If-None-Match', '*')
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      this.#progress.value = total === 0 ? 1 : loaded / total
      this.#state.textContent = loaded === total ? 'being stored' : `${formatBytes(loaded)} of ${formatBytes(total)}`
    })
    return new Promise((resolve, reject) => {
      request.addEventListener('load', () => {
        const { status, responseText } = request
        if (status >= 200 && status <= 299) resolve()
        else reject(new ApiError(status, messageOf(status, responseText)))
      })
      request.addEventListener('error', () => reject(new ApiError(0, 'the connection to the server broke')))
      request.addEventListener('abort', () => reject(signal.reason))
      request.send(this.#file)
    })
  }

  #cancel() {
    this.#attempt.abort()
    this.#finish('failed', 'cancelled')
    this.#offer('Try again', () => this.enqueue())
  }

  #fail(error, replace) {
    const exists = error.statusCode === 412
    this.#finish('failed', exists ? 'there is a file of this name' : error.message)
    if (exists) this.#offer('Replace', () => this.enqueue(true))
    else this.#offer('Try again', () => this.enqueue(replace))
  }

  #finish(outcome, state) {
    this.#row.className = `upload finished ${outcome}`
    this.#progress.hidden = true
    this.#button.hidden = true
    this.#state.textContent = state
    announce(`${this.#file.name}: ${state}`)
  }

  #offer(label, action) {
    this.#button.hidden = false
    this.#button.textContent = label
    this.#button.ariaLabel = `${label}: ${this.#file.name}`
    this.#button.onclick = action
  }
}

async function startNext() {
  if (running >= parallel || waiting.length === 0) return
  running++
  await waiting.shift()()
  running--
  startNext()
}
