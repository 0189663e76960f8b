/**
 * `stowage ls`: data sources, containers, files.
 */
import type { FileEntry, FolderEntry } from '@stowage/core'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, UsageFailure } from '../failures/failures.js'
import { printable } from '../terminal/terminal.js'
import { type Address, addressOf, parseAddress } from './addresses.js'
import { defineCommand, type Given, type Session } from './command.js'
import { Storages } from './storages.js'

const options = {
  recursive: { type: 'boolean', short: 'r', description: 'every file below, and no folders' },
  long: { type: 'boolean', short: 'l', description: 'with size in bytes and time of change' },
} as const

export const ls = defineCommand({
  name: 'ls',
  usage: '[name:[container[/beginning]]] [options]',
  summary: 'Lists data sources, containers or files',
  details: `
  stowage ls                        the data sources
  stowage ls name:                  the containers of one
  stowage ls name:container         the files and folders in a container
  stowage ls name:container/2025/   those in a folder
  stowage ls name:container/2025    all whose names begin with "2025"

Lists come in the order of the names' bytes, and as they are read: a list of a million files needs no more memory than a short
one. Nothing found under a beginning ends with 3.`,
  options,
  async run(given, operands, session) {
    const [text, ...others] = operands
    if (others.length > 0) throw new UsageFailure('ls takes one address')
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
    throw new CommandFailure(exitCodes.notFound, `nothing begins with ${addressOf(source, container, file)}`)
  }
}

const sizeWidth = 12

const facts = (entry: FileEntry | FolderEntry): string =>
  entry.folder === true
    ? `${'-'.padStart(sizeWidth)}  ${'-'.padEnd(20)}`
    : `${String(entry.size).padStart(sizeWidth)}  ${entry.mtime.toISOString().replace(/\.\d+Z$/, 'Z')}`
