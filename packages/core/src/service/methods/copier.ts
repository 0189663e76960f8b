/** Copies and moves files within the storage. */
import { checkCopy } from '../../checks/arguments.js'
import type { FileLocation, WrittenFile } from '../../contract/files.js'
import type { CopyCallOptions, StorageProvider } from '../../contract/provider.js'
import { checkWritten } from '../../upload/stored-size.js'
import type { ServiceContext } from '../context.js'
import { subjectOf } from '../operations.js'
import type { CopyFileOptions } from '../options.js'

export function copyFile(
  context: ServiceContext,
  source: FileLocation,
  target: FileLocation,
  options: CopyFileOptions,
): Promise<WrittenFile> {
  return context.operations.run('copyFile', subjectOf(target), options, (signal) => {
    return copy(context, source, target, { signal, ...checkCopy(source, target, options, context.capabilities) })
  })
}

export function moveFile(
  context: ServiceContext,
  source: FileLocation,
  target: FileLocation,
  options: CopyFileOptions,
): Promise<WrittenFile> {
  const { provider, operations, retry, capabilities } = context
  return operations.run('moveFile', subjectOf(target), options, async (signal) => {
    const call = { signal, ...checkCopy(source, target, options, capabilities) }
    if (source.container === target.container && source.file === target.file) return copy(context, source, target, call)
    if (provider.moveFile !== undefined) {
      return retry.run(signal, false, () => (provider as Required<StorageProvider>).moveFile(source, target, call))
    }
    const { etag, size } = await retry.run(signal, true, () =>
      provider.getFile(source.container, source.file, { signal, conditions: {} }),
    )
    const copied = await copy(context, source, target, { ...call, ifSourceMatch: call.ifSourceMatch ?? etag })
    const moved = await checkWritten(provider, retry, copied, size)
    const conditions = capabilities.conditions.remove === false ? {} : { ifMatch: etag }
    await retry.run(signal, true, () => provider.removeFile(source.container, source.file, { signal, conditions }))
    return moved
  })
}

function copy(
  { provider, retry }: ServiceContext,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const conditional = options.conditions.ifMatch !== undefined || options.conditions.ifNoneMatch !== undefined
  return retry.run(options.signal, !conditional, () => provider.copyFile(source, target, options))
}
