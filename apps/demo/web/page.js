/**
 * What all parts of the page need of the document.
 */

export const find = (id) => document.getElementById(id)

/** An element with properties and children. A string becomes text and never markup. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

/** Shows an error where it belongs, or takes it away when there is none. Cancelled requests are no errors. */
export function showError(place, error) {
  if (error?.name === 'AbortError') return
  place.hidden = error === undefined
  place.textContent = error === undefined ? '' : capitalized(error.message)
}

const capitalized = (message) => message.charAt(0).toUpperCase() + message.slice(1)

/** Tells people who do not see what has changed. */
export function announce(message) {
  find('announcement').textContent = message
}

/** Asks before something is lost. */
export function confirmed(question) {
  const dialog = find('confirmation')
  find('confirmation-question').textContent = question
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']

export function formatBytes(bytes) {
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const style = {
    style: 'unit',
    unit: units[power],
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumSignificantDigits: 3,
  }
  return new Intl.NumberFormat('en', style).format(bytes / 1000 ** power)
}

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatDate = (date) => dates.format(new Date(date))
