/**
 * The file of the data sources: finding it, and adding an entry.
 */
import { access, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseDataSources } from '@stowage/core'
import { parseTree } from 'jsonc-parser'
import { replaceFile } from '../copying/atomic-file.js'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, isSystemError } from '../failures/failures.js'

export type Entry = Readonly<Record<string, unknown>>

/** Where LoopBack's projects have it: in the root, or in the directory of the server's code. */
const places = ['datasources.json', join('server', 'datasources.json')]

/**
 * Returns the nearest file of data sources, in this directory or its parents, up to the one with
 * the project's `package.json`. If there is none, returns the path where it would be created.
 */
export async function findDataSourceFile(
  directory: string,
): Promise<{ readonly file: string; readonly found: boolean }> {
  for (let place = resolve(directory); ; place = dirname(place)) {
    for (const candidate of places) {
      const file = join(place, candidate)
      if (await exists(file)) return { file, found: true }
    }
    if (await exists(join(place, 'package.json'))) return { file: join(place, 'datasources.json'), found: false }
    if (place === dirname(place)) return { file: join(resolve(directory), 'datasources.json'), found: false }
  }
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    (error: unknown) => {
      if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false
      throw error
    },
  )

/** Returns the entries by name; none if the file is missing. */
export async function readEntries(file: string): Promise<ReadonlyMap<string, unknown>> {
  return new Map(Object.entries(await parse(file, await readText(file))))
}

/**
 * Adds the entry, or replaces the one of that name. The rest of the file stays byte for byte the
 * same, and the file is complete at every moment. Follows a symbolic link.
 */
export async function writeEntry(file: string, name: string, entry: Entry, { replace }: { readonly replace: boolean }) {
  const text = await readText(file)
  const before = await parse(file, text)
  if (!replace && Object.hasOwn(before, name)) throw entryExists(file, name)
  const edited = withEntry(text, name, entry)
  await replaceFile(file, async (handle) => {
    await handle.writeFile(edited)
    await handle.sync()
  })
}

export const entryExists = (file: string, name: string) =>
  new CommandFailure(
    exitCodes.conflict,
    `data source ${JSON.stringify(name)} already exists in ${file}: pass --replace to replace it`,
  )

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return ''
    throw error
  }
}

/** An empty file has no entries. */
const parse = (file: string, text: string) => parseDataSources(file, text.trim() === '' ? '{}' : text)

/**
 * Returns the text with the entry, in the indentation and line breaks of the text. All other bytes
 * stay the same. Of several entries with the same name, the last one counts, as when the file is
 * read.
 */
export function withEntry(text: string, name: string, entry: Entry): string {
  // A byte order mark is not JSON, and stays at the beginning.
  if (text.startsWith('\uFEFF')) return `\uFEFF${withEntry(text.slice(1), name, entry)}`
  const { eol, indentation } = layoutOf(text)
  const value = JSON.stringify(entry, undefined, indentation).replaceAll('\n', `${eol}${indentation}`)
  const properties = parseTree(text)?.children ?? []
  const present = properties.findLast((property) => property.children?.[0]?.value === name)?.children?.[1]
  if (present !== undefined) return spliced(text, present.offset, present.length, value)
  const property = `${eol}${indentation}${JSON.stringify(name)}:${eol === '' ? '' : ' '}${value}`
  const last = properties.at(-1)
  if (last !== undefined) return spliced(text, last.offset + last.length, 0, `,${property}`)
  return `{${property}${eol}}${eol}`
}

const spliced = (text: string, offset: number, length: number, content: string) =>
  text.slice(0, offset) + content + text.slice(offset + length)

/**
 * The indentation of the first entry; a file whose first entry follows the brace is on one line.
 */
function layoutOf(text: string): { readonly eol: string; readonly indentation: string } {
  const [, eol, indentation] = /^\s*\{[ \t]*(\r?\n)(?:[ \t]*\r?\n)*([ \t]+)"/.exec(text) ?? []
  if (eol !== undefined && indentation !== undefined) return { eol, indentation }
  return /^\s*\{\s*\}?\s*$|^\s*$/.test(text) ? { eol: '\n', indentation: '  ' } : { eol: '', indentation: '' }
}
