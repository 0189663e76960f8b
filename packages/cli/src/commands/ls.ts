/**
 * `stowage ls`: lists data sources, containers and files.
 */
import type { FileEntry, FolderEntry } from '@stowage/core'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, UsageFailure } from '../failures/failures.js'
import { printable } from '../terminal/terminal.js'
import { type Address, addressOf, parseAddress } from './addresses.js'
import { defineCommand, type Given, type Session } from './command.js'
import { Storages } from './storages.js'

const options = {
  recursive: { type: 'boolean', short: 'r', description: 'list all files below, without folders' },
  long: { type: 'boolean', short: 'l', description: 'show size in bytes and time of last change' },
} as const

export const ls = defineCommand({
  name: 'ls',
  usage: '[name:[container[/beginning]]] [options]',
  summary: 'Lists data sources, containers or files',
  details: `
  stowage ls                        the data sources
  stowage ls name:                  the containers of a data source
  stowage ls name:container         the files and folders in a container
  stowage ls name:container/2025/   the files and folders in a folder
  stowage ls name:container/2025    all files whose names begin with "2025"

Names are listed in the order of their bytes, while the list is read: a million files need no more memory than ten. If no file
begins with the given text, the exit code is 3.`,
  options,
  async run(given, operands, session) {
    const [text, ...others] = operands
    if (others.length > 0) throw new UsageFailure('ls takes at most one address')
    await using storages = await Storages.load(session)
    if (text === undefined) await listSources(storages, session)
    else await listBelow(parseAddress(text), given, storages, session)
  },
})

async function listSources(storages: Storages, { terminal, json }: Session): Promise<void> {
  for (const source of storages.sources) {
    if (json) await terminal.printJson(source)
    else await terminal.print(`${printable(source.name)}\t${source.provider}`)
  }
}

async function listBelow(
  { source, container, file }: Address,
  given: Given<typeof options>,
  storages: Storages,
  { terminal, json, signal }: Session,
): Promise<void> {
  const storage = await storages.open(source)
  if (container === undefined) {
    for await (const found of storage.containers({ signal })) {
      if (json) await terminal.printJson(found)
      else await terminal.print(printable(found.name))
    }
    return
  }
  const { recursive = false, long = false } = given
  const line = (entry: FileEntry | FolderEntry) => {
    const name = entry.folder === true ? terminal.styled('blue', printable(entry.name)) : printable(entry.name)
    return long ? `${facts(entry)}  ${name}` : name
  }
  let count = 0
  for await (const entry of storage.files(container, {
    prefix: file,
    signal,
    ...(recursive ? {} : { delimiter: '/' }),
  })) {
    count++
    if (json) await terminal.printJson(entry)
    else await terminal.print(line(entry))
  }
  if (count === 0 && file !== '') {
    throw new CommandFailure(exitCodes.notFound, `no file begins with "${addressOf(source, container, file)}"`)
  }
}

const sizeWidth = 12

const facts = (entry: FileEntry | FolderEntry): string =>
  entry.folder === true
    ? `${'-'.padStart(sizeWidth)}  ${'-'.padEnd(20)}`
    : `${String(entry.size).padStart(sizeWidth)}  ${entry.mtime.toISOString().replace(/\.\d+Z$/, 'Z')}`
