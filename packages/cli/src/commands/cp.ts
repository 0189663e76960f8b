/**
 * `stowage cp`: copies between data sources, and between them and this machine.
 */

import { stat } from 'node:fs/promises'
import { isStorageError } from '@stowage/core'
import { inParallel } from '@stowage/core/provider'
import { copyFile, nameOf } from '../copying/copy-file.js'
import { type Copy, planFiles, planTree } from '../copying/copy-plan.js'
import type { FailedEntry } from '../copying/local-tree.js'
import { Resumption } from '../copying/resumption.js'
import { UsageFailure } from '../failures/failures.js'
import { concernsOneFile, Failures } from '../failures/file-failures.js'
import { Progress } from '../terminal/progress.js'
import { folderPrefix, type Operand, parseOperand } from './addresses.js'
import { defineCommand, type Session } from './command.js'
import { Storages } from './storages.js'

const defaultParallelism = 4
const greatestParallelism = 64

export const cp = defineCommand({
  name: 'cp',
  usage: '<source> … <target> [options]',
  summary: 'Copies files between data sources, and between them and this machine',
  details: `
  stowage cp sea.jpg name:container/2025/       into a folder, under its own name
  stowage cp sea.jpg name:container/shore.jpg   under another name
  stowage cp name:container/sea.jpg .           to this machine
  stowage cp here:photos/a.jpg there:photos/    from one data source to another
  stowage cp -r pictures name:container/2025    the contents of a directory, below 2025/
  stowage cp -r name:container/2025 pictures    everything below 2025/, into a directory
  tar c dir | stowage cp - name:container/dir.tar

Files keep their names in a target that ends with a slash, is a directory, or is a container. --recursive accepts one source.
It copies the contents of a directory, folder or container into the target, which is created if missing. A source that is a
file is copied as without --recursive. Existing files are replaced.

A file appears only when it is complete. If some files fail, the others are still copied, each failure is printed, and the
exit code reports it. Within one data source the bytes stay in the service.

If a copy of a file of 16 MiB or more to or from this machine is interrupted, the same command continues it. If the source has
changed, the copy starts over.

Symbolic links in a copied directory are skipped with a message. Symbolic links below the target directory are not followed.`,
  options: {
    recursive: { type: 'boolean', short: 'r', description: 'copy the contents of a directory, folder or container' },
    create: { type: 'boolean', description: 'create the target container if missing' },
    resume: {
      type: 'boolean',
      negative: true,
      description: 'delete what an interrupted copy has stored, start over, and keep nothing on Ctrl-C',
    },
    parallel: {
      type: 'string',
      value: '<count>',
      description: `files copied at the same time, 1 to ${greatestParallelism}; default ${defaultParallelism}`,
    },
  },
  async run({ recursive = false, create = false, resume = true, parallel }, operands, session) {
    const parallelism = parallel === undefined ? defaultParallelism : parseParallelism(parallel)
    const places = operands.map((text) => parseOperand(text))
    const target = places.pop()
    const [source, ...others] = places
    if (source === undefined || target === undefined) throw new UsageFailure('cp needs a source and a target')
    if (target.kind !== 'storage' && places.some(({ kind }) => kind !== 'storage')) {
      throw new UsageFailure('one side must be in a data source: name:container/file')
    }
    if (recursive && others.length > 0) throw new UsageFailure('--recursive takes exactly one source')
    if (recursive) refuseCopyIntoItself(source, target)
    await using storages = await Storages.load(session)
    const { terminal, signal } = session
    const failures = new Failures(session)
    const resumption = new Resumption(session, storages.file, resume)
    const planWith = (onLeftOut: (path: string, reason: string) => void) =>
      recursive ? planTree(source, target, { storages, signal, onLeftOut }) : planFiles(places, target)
    {
      // A progress line would mix with files that are written to the terminal.
      const quiet = session.json || (target.kind === 'standard' && terminal.stdout.isTTY === true)
      using progress = quiet ? undefined : Progress.on(terminal)
      const counting = recursive && progress !== undefined ? count(planWith(ignore), progress, signal) : undefined
      if (!recursive) progress?.complete()
      const whole = planWith((path, reason) => failures.leaveOut(path, reason))
      const plan = create ? creatingContainer(whole, target, storages, signal) : whole
      const several = recursive || places.length > 1
      try {
        await copyAll(plan, { session, storages, failures, resumption, parallelism, recursive, several, progress })
      } finally {
        await counting?.stop()
        resumption.finish()
      }
    }
    failures.finish()
  },
})

const ignore = () => undefined

function parseParallelism(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= greatestParallelism) return count
  throw new UsageFailure(`--parallel must be a whole number from 1 to ${greatestParallelism}, not "${text}"`)
}

/** A recursive copy into its own source would find its copies, and copy them again. */
function refuseCopyIntoItself(source: Operand, target: Operand): void {
  if (source.kind !== 'storage' || target.kind !== 'storage') return
  if (source.source !== target.source || source.container !== target.container) return
  if (folderPrefix(target.file).startsWith(folderPrefix(source.file))) {
    throw new UsageFailure(`"${source.text}" cannot be copied into itself`)
  }
}

/** Returns the same plan. Creates the target's container before the first copy. */
async function* creatingContainer(
  plan: AsyncIterable<Copy | FailedEntry>,
  target: Operand,
  storages: Storages,
  signal: AbortSignal,
): AsyncGenerator<Copy | FailedEntry> {
  let created = false
  for await (const item of plan) {
    if (!created) await createContainer(target, storages, signal)
    created = true
    yield item
  }
}

async function createContainer(target: Operand, storages: Storages, signal: AbortSignal): Promise<void> {
  if (target.kind !== 'storage' || target.container === undefined) return
  const storage = await storages.open(target.source)
  try {
    await storage.createContainer({ name: target.container, signal })
  } catch (error) {
    if (!isStorageError(error, 'CONTAINER_EXISTS')) throw error
  }
}

interface Means {
  readonly session: Session
  readonly storages: Storages
  readonly failures: Failures
  readonly resumption: Resumption
  readonly parallelism: number
  readonly recursive: boolean
  /** Whether a failed copy does not stop the others. */
  readonly several: boolean
  readonly progress: Progress | undefined
}

async function copyAll(plan: AsyncIterable<Copy | FailedEntry>, means: Means): Promise<void> {
  const { session, storages, failures, resumption, parallelism, recursive, several, progress } = means
  const { terminal, json } = session
  await inParallel(
    plan,
    parallelism,
    async (item, signal) => {
      if ('error' in item) {
        failures.add(item.name, item.error)
        return
      }
      const name = nameOf(item.from)
      try {
        const onBytes = progress?.begin(name) ?? ignore
        // The bytes of a tree are counted separately.
        const onSize = recursive ? ignore : (bytes: number) => progress?.expect(bytes)
        const onResumed = (bytes: number) => progress?.resume(bytes)
        const size = await copyFile(item, { storages, terminal, resumption, signal, onSize, onResumed, onBytes })
        progress?.fileDone()
        if (json && item.to.kind !== 'standard') {
          await terminal.printJson({ source: name, target: nameOf(item.to), size })
        }
      } catch (error) {
        if (signal.aborted || !several || !concernsOneFile(error)) throw error
        failures.add(name, error)
      }
    },
    session.signal,
  )
}

/**
 * Adds up the sizes of a tree for the progress bar while it is copied. Reads the list a second
 * time, so that no list is kept in memory. If it fails, the bar has no total, and the copy reports
 * the failure.
 */
function count(plan: AsyncIterable<Copy | FailedEntry>, progress: Progress, signal: AbortSignal) {
  let stopped = false
  const countAll = async () => {
    let total = 0
    for await (const item of plan) {
      if (stopped || signal.aborted) return
      if ('error' in item) continue
      total += item.size ?? (item.from.kind === 'local' ? (await stat(item.from.path)).size : 0)
    }
    progress.expect(total)
    progress.complete()
  }
  const counted = countAll().catch(ignore)
  return {
    stop: () => {
      stopped = true
      return counted
    },
  }
}
