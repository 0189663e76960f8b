/** The attributes and the bytes of a file. */
import { checkFlag, checkLocation } from '../../checks/arguments.js'
import { readConditions } from '../../checks/conditions.js'
import type { ReadConditions, Version } from '../../contract/conditions.js'
import { isStorageError, type StorageError } from '../../contract/errors.js'
import type { FileInfo, FileLocation } from '../../contract/files.js'
import type { OpenFile } from '../../contract/provider.js'
import { checkRange } from '../../contract/range.js'
import { Download, DownloadStream } from '../../download/download.js'
import type { ServiceContext } from '../context.js'
import type { OperationScope } from '../deadline.js'
import { OperationTimer } from '../diagnostics.js'
import type { GetFileOptions, OpenedFile, OpenFileOptions } from '../options.js'

export function getFile(
  { provider, operations }: ServiceContext,
  method: 'getFile' | 'hasFile',
  place: FileLocation,
  options: GetFileOptions,
): Promise<FileInfo> {
  const { container, file } = place
  return operations.repeat(method, place, options, (signal) => {
    checkLocation(place, provider.capabilities)
    const { single, check } = readConditions(options)
    const found = provider.getFile(container, file, { signal, conditions: single ?? {} })
    if (check === undefined) return found
    return found.then((info) => {
      check(info)
      return info
    })
  })
}

export async function openFile(
  context: ServiceContext,
  place: FileLocation,
  options: OpenFileOptions,
): Promise<OpenedFile> {
  const { provider, operations, retry } = context
  const { container, file } = place
  const timer = OperationTimer.start()
  let scope: OperationScope | undefined
  const end = (bytes: number, error: StorageError | undefined) => {
    scope?.dispose()
    timer?.end({ operation: 'openFile', provider: provider.name, ...place, bytes, error })
  }
  try {
    scope = operations.open('openFile', options)
    const { signal } = scope
    checkLocation(place, provider.capabilities)
    const { range } = options
    if (range !== undefined) checkRange(range)
    const verify = checkFlag('verify', options.verify)
    const { single, check } = readConditions(options)
    const open = (conditions: ReadConditions) =>
      retry.run(signal, true, () => provider.openFile(container, file, { signal, range, conditions }))
    const opened = await (check === undefined ? open(single) : openChecked(context, place, { check, signal, open }))
    scope.clearTimeout()
    if ('bytes' in opened && !verify) {
      end(opened.length, undefined)
      return new Download(opened)
    }
    const stream = new DownloadStream({
      opened,
      retry,
      signal,
      verify,
      reopen: (start, last) =>
        provider.openFile(container, file, {
          signal,
          range: { start, end: last },
          conditions: { ifMatch: opened.info.etag },
        }),
      explain: (error) => operations.explain('openFile', place, signal, error),
      onClose: end,
    })
    return new Download(opened, stream)
  } catch (error) {
    const failure = operations.explain('openFile', place, scope?.signal, error)
    end(0, failure)
    throw failure
  }
}

/** How often the version to open may be replaced before it is opened. */
const maxReplacements = 3

interface CheckedOpen {
  readonly check: (version: Version) => void
  readonly signal: AbortSignal
  readonly open: (conditions: ReadConditions) => Promise<OpenFile>
}

/** Opens the version that meets conditions that the provider cannot check. */
async function openChecked(
  { provider, retry }: ServiceContext,
  { container, file }: FileLocation,
  { check, signal, open }: CheckedOpen,
): Promise<OpenFile> {
  for (let replaced = 0; ; replaced++) {
    const info = await retry.run(signal, true, () => provider.getFile(container, file, { signal, conditions: {} }))
    check(info)
    try {
      return await open({ ifMatch: info.etag })
    } catch (error) {
      if (replaced >= maxReplacements || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
}
