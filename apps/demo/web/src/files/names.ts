/**
 * File names as folders and names.
 */

/** The name without its folder; the whole name if nothing would be left. */
export function shownName(name: string, folder: string): string {
  const rest = name.startsWith(folder) ? name.slice(folder.length) : name
  return rest === '' || rest === '/' ? name : rest.endsWith('/') ? rest.slice(0, -1) : rest
}

/** The folder that a file or a folder is in. */
export function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/', name.length - 2) + 1)
}

/** The last segment. */
export const baseName = (name: string) => shownName(name, folderOf(name))

/** A folder's parents and itself, each with its name. */
export function trail(folder: string): readonly { readonly name: string; readonly folder: string }[] {
  const segments = folder.split('/').slice(0, -1)
  return segments.map((name, index) => ({ name, folder: `${segments.slice(0, index + 1).join('/')}/` }))
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
const byteFormats = units.map(
  (unit, power) =>
    new Intl.NumberFormat('en', {
      style: 'unit',
      unit,
      unitDisplay: power === 0 ? 'long' : 'short',
      maximumSignificantDigits: 3,
    }),
)

export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return byteFormats[power]?.format(bytes / 1000 ** power) ?? String(bytes)
}

const exactBytes = new Intl.NumberFormat('en')

export const formatExactBytes = (bytes: number) =>
  bytes < 1000 ? formatBytes(bytes) : `${formatBytes(bytes)} (${exactBytes.format(bytes)} bytes)`

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatDate = (date: string) => dates.format(new Date(date))

export const count = (number: number, singular: string, plural = `${singular}s`) =>
  `${exactBytes.format(number)} ${number === 1 ? singular : plural}`
