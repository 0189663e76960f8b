/**
 * Names that Windows cannot store or treats as something else, escaped reversibly:
 *
 * | in the entry | on the disk |
 * |---|---|
 * | `< > : " \| ? * \` and the control characters 1 to 31 | `%3C` and so on, in upper case |
 * | U+10000 and U+10FFFF | `%F0%90%80%80`, `%F4%8F%BF%BF` |
 * | a dot or a space at the end | `%2E`, `%20` |
 * | the name of a device, also with an extension (`NUL`, `com1.txt`) | its first letter (`%4EUL`) |
 *
 * Text that looks like one of these escapes gets `25` after its `%`. Each of the three rules maps
 * the entries that it receives one to one to those that it allows, so every entry that Windows can
 * store is the escape of exactly one text. Exceptions, which are not files here: `%2E` and `.%2E`,
 * because `mapping/names.ts` makes no entries `.` and `..`.
 *
 * Windows can store the two characters. Node ends at an assertion if a path has one of them: the
 * first one in libuv 1.49 (Node 22.12), the second one also in 1.51 (Node 22.23).
 *
 * Names that differ only in case stay as they are. The volume treats them as the same, and a write
 * of the second one is rejected (`disk/case-folding.ts`).
 */
import type { EntryRules } from './entry-rules.js'
import { posixEntries } from './entry-rules.js'

/** Returns the UTF-8 bytes of a character in hexadecimal, each after a percent sign. */
const codeOf = (character: string): string => Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '%$&')

/** Reverses {@link codeOf}, without the first percent sign. */
const charOf = (code: string): string => decodeURIComponent(`%${code}`)

/** In a character class, with and without the flag `u`. */
const forbidden = '<>:"|?*\\\\\\u0001-\\u001f'
const outside = '\\u{10000}\\u{10FFFF}'
const unpassable = '\u{10000}|\u{10FFFF}'
const forbiddenCharacters = new RegExp(`[${forbidden}]|${unpassable}`, 'g')
const forbiddenCodes = '(?:0[1-9A-F]|1[0-9A-F]|22|2A|3[ACEF]|5C|7C|F0%90%80%80|F4%8F%BF%BF)'
const likeForbidden = new RegExp(`%(?=(?:25)*${forbiddenCodes})`, 'g')
const escapedForbidden = new RegExp(`%((?:25)*)(${forbiddenCodes})`, 'g')

/**
 * The names of devices, which Windows recognizes in each directory, in any case, with extension.
 */
const devices = '(?:CON|PRN|AUX|NUL|(?:COM|LPT)[0-9¹²³]|CONIN\\$|CONOUT\\$)'
const device = new RegExp(`^${devices} *(?:\\..*)?$`, 'is')
const maybeDevice = /^%((?:25)*)([46][13CE]|[57]0)(.*)$/s

const atDeviceEscape = <T>(entry: string, found: (times: string, code: string, rest: string) => T, otherwise: T): T => {
  const [, times = '', code = '', rest = ''] = maybeDevice.exec(entry) ?? []
  return code !== '' && device.test(charOf(code) + rest) ? found(times, code, rest) : otherwise
}

const escapeDevice = (entry: string): string =>
  device.test(entry)
    ? codeOf(entry.slice(0, 1)) + entry.slice(1)
    : atDeviceEscape(entry, (times, code, rest) => `%25${times}${code}${rest}`, entry)

const unescapeDevice = (entry: string): string =>
  atDeviceEscape(
    entry,
    (times, code, rest) => (times === '' ? charOf(code) + rest : `%${times.slice(2)}${code}${rest}`),
    entry,
  )

const escapeEnd = (entry: string): string => entry.replace(/%(?=(?:25)*(?:2E|20)$)/, '%25').replace(/[. ]$/, codeOf)

const unescapeEnd = (entry: string): string =>
  entry.replace(/%((?:25)*)(2E|20)$/, (_, times: string, code: string) =>
    times === '' ? charOf(code) : `%${times.slice(2)}${code}`,
  )

const escapeForbidden = (entry: string): string =>
  entry.replace(likeForbidden, '%25').replace(forbiddenCharacters, codeOf)

const unescapeForbidden = (entry: string): string =>
  entry.replace(escapedForbidden, (_, times: string, code: string) =>
    times === '' ? charOf(code) : `%${times.slice(2)}${code}`,
  )

/** Matches entries that contain an escape, or that other programs created although Node cannot. */
const maybeEscape = new RegExp(`%|[. ]$|${unpassable}`)

export const windowsEntries: EntryRules = {
  maybeEscaped: new RegExp(
    `${posixEntries.maybeEscaped.source}|[${forbidden}]|${unpassable}|[. ](?:/|$)|(?:^|/)${devices} *(?:\\.|/|$)`,
    'i',
  ),
  isPlain: (entry) => !maybeEscape.test(entry) && !device.test(entry),
  escape: (entry) => escapeDevice(escapeEnd(escapeForbidden(entry))),
  unescape: (entry) => unescapeForbidden(unescapeEnd(unescapeDevice(entry))),
  isReserved: (rest) => device.test(rest),
  // One byte less: the division moves by a character, which may have four bytes, if the rest would
  // be a device.
  minContinuedBytes: posixEntries.minContinuedBytes - 1,
}

/** A pattern for names that are entries of Windows as they are. */
export const windowsEntryPattern = `(?!${devices.replaceAll(/[A-Z]/g, (letter) => `[${letter}${letter.toLowerCase()}]`)} *(?:\\.|$))[^/\\0${forbidden}${outside}]*[^/\\0${forbidden}${outside}. ]`
