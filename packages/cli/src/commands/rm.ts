/**
 * `stowage rm`: deletes files, folders and containers.
 */
import type { StorageService } from '@stowage/core'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, UsageFailure } from '../failures/failures.js'
import { Failures } from '../failures/file-failures.js'
import { printable } from '../terminal/terminal.js'
import { type Address, addressOf, folderPrefix, isFolder, parseAddress } from './addresses.js'
import { defineCommand, type Session } from './command.js'
import { Storages } from './storages.js'

/** Names that are deleted with one call, and kept in memory until then. */
const batchSize = 1000

interface Removal extends Address {
  readonly container: string
}

export const rm = defineCommand({
  name: 'rm',
  usage: 'name:container/file … [options]',
  summary: 'Deletes files, folders or containers',
  details: `
  stowage rm name:container/file
  stowage rm -r name:container/2025     everything below 2025/, but not 2025-old
  stowage rm -r name:container          the container and its files

Deleting more than one file asks for confirmation. Without a terminal, --yes is required. Deleted files cannot be restored.`,
  options: {
    recursive: { type: 'boolean', short: 'r', description: 'delete everything below a folder, or a whole container' },
    yes: { type: 'boolean', short: 'y', description: 'do not ask for confirmation' },
  },
  async run({ recursive = false, yes = false }, operands, session) {
    if (operands.length === 0) throw new UsageFailure('rm needs an address: name:container/file')
    const targets = operands.map((text) => targetOf(parseAddress(text), recursive))
    await using storages = await Storages.load(session)
    if (!yes && (recursive || targets.length > 1)) await confirm(targets, recursive, storages, session)
    const failures = new Failures(session)
    for (const target of targets) {
      const storage = await storages.open(target.source)
      if (!recursive) await removeOne(storage, target, targets.length > 1 ? failures : undefined, session)
      else if (target.file === '') await destroy(storage, target, session)
      else await removeFolder(storage, target, failures, session)
    }
    failures.finish()
  },
})

function targetOf(address: Address, recursive: boolean): Removal {
  const { container, text } = address
  if (container === undefined) throw new UsageFailure(`"${text}" has no container`)
  if (!recursive && isFolder(address)) {
    throw new UsageFailure(
      `"${text}" is a ${address.file === '' ? 'container' : 'folder'}: pass --recursive to delete it`,
    )
  }
  return { ...address, container }
}

async function confirm(
  targets: readonly Removal[],
  recursive: boolean,
  storages: Storages,
  session: Session,
): Promise<void> {
  const { terminal } = session
  if (!terminal.interactive) throw new UsageFailure('not a terminal: pass --yes to confirm')
  const lines = await Promise.all(
    targets.map(async (target) => {
      if (!recursive) return target.text
      const count = await countFiles(await storages.open(target.source), target, session.signal)
      return `${target.file === '' ? `the container ${target.text}` : `everything below ${target.text}`} (${count})`
    }),
  )
  const { Questions } = await import('../terminal/questions.js')
  const questions = new Questions(terminal, session.signal)
  const sure = await questions.confirm(`Delete ${printable(lines.join(', '))}?`, false)
  if (!sure) throw new CommandFailure(exitCodes.failed, 'nothing was deleted')
}

/** The number of files that are counted for a question. */
const countedAtMost = 1000

async function countFiles(storage: StorageService, { container, file }: Removal, signal: AbortSignal): Promise<string> {
  let count = 0
  for await (const _ of storage.files(container, { prefix: folderPrefix(file), signal })) {
    count++
    if (count > countedAtMost) return `more than ${countedAtMost} files`
  }
  return count === 1 ? '1 file' : `${count} files`
}

async function removeOne(
  storage: StorageService,
  { text, container, file }: Removal,
  failures: Failures | undefined,
  { signal, json, terminal }: Session,
): Promise<void> {
  try {
    await storage.removeFile(container, file, { signal })
    if (json) await terminal.printJson({ removed: text })
  } catch (error) {
    if (signal.aborted || failures === undefined) throw error
    failures.add(text, error)
  }
}

async function destroy(
  storage: StorageService,
  { source, container }: Removal,
  { signal, json, terminal }: Session,
): Promise<void> {
  await storage.destroyContainer(container, { signal })
  if (json) await terminal.printJson({ removed: addressOf(source, container) })
}

async function removeFolder(
  storage: StorageService,
  { source, container, file, text }: Removal,
  failures: Failures,
  { signal, json, terminal }: Session,
): Promise<void> {
  let batch: string[] = []
  let found = false
  const removeBatch = async () => {
    for (const { file: name, error } of await storage.removeFiles(container, batch, { signal })) {
      const address = addressOf(source, container, name)
      if (error !== undefined) failures.add(address, error)
      else if (json) await terminal.printJson({ removed: address })
    }
    batch = []
  }
  for await (const { name } of storage.files(container, { prefix: folderPrefix(file), signal })) {
    found = true
    batch.push(name)
    if (batch.length === batchSize) await removeBatch()
  }
  if (batch.length > 0) await removeBatch()
  if (!found) throw new CommandFailure(exitCodes.notFound, `no file in "${text}"`)
}
