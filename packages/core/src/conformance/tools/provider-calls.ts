/**
 * Every call of a bare provider.
 */
import { withUploads } from '../../checks/provider.js'
import type { PartUpload, StorageProvider, UploadedPart } from '../../provider.js'
import type { CaseContext } from '../run/context.js'
import { bytes } from './content.js'
import type { ProviderMethod } from './faulty-provider.js'

/** What a call works with, and may change or delete. */
export interface CallTargets {
  readonly container: string
  /** A file in the container. */
  readonly file: string
  /** A container that does not exist, and one that does. */
  readonly newContainer: string
  readonly oldContainer: string
  /** A multipart upload with a part. */
  readonly upload: PartUpload
  readonly part: UploadedPart
}

type Call = (signal: AbortSignal) => Promise<unknown>

/** The methods that need an existing multipart upload. */
const ofUpload: readonly ProviderMethod[] = ['uploadPart', 'listParts', 'completeUpload', 'abortUpload']

export const oldContent = bytes(1000, 3)

export const newContent = bytes(100_000, 5)

const writeOptions = {
  attributes: { contentType: 'text/plain', metadata: {} },
  conditions: {},
  checksums: {},
  native: {},
} as const

/** Creates what the call of a method needs. */
export async function targetsOf(context: CaseContext, file: string, method: ProviderMethod): Promise<CallTargets> {
  const { container, storage, partSize } = context
  await context.put(file, oldContent)
  let upload: PartUpload = { container, file: `${file} in parts`, id: 'id', partSize }
  let part: UploadedPart = { partNumber: 1, size: oldContent.length, tag: 'tag' }
  if (ofUpload.includes(method)) {
    upload = await storage.startUpload(container, upload.file, { partSize })
    part = await storage.uploadPart(upload, 1, oldContent)
  }
  const oldContainer = method === 'destroyContainer' ? await context.newContainer() : container
  return { container, file, newContainer: context.containerName(), oldContainer, upload, part }
}

/** The methods of {@link providerCalls}. */
export function calledMethods(provider: StorageProvider): readonly ProviderMethod[] {
  const upload = { container: '', file: '', id: '', partSize: 1 }
  const part = { partNumber: 1, size: 1, tag: '' }
  const targets = { container: '', file: '', newContainer: '', oldContainer: '', upload, part }
  return Object.keys(providerCalls(provider, targets)) as ProviderMethod[]
}

/**
 * Returns one call of each method that the provider has, except `close` and `signUrl`, which need
 * no request.
 */
export function providerCalls(
  provider: StorageProvider,
  { container, file, newContainer, oldContainer, upload, part }: CallTargets,
): Partial<Record<ProviderMethod, Call>> {
  const source = { container, file }
  const target = { container, file: `${file} copy` }
  const list = { limit: 1, prefix: '' }
  const copy = { conditions: {}, native: {} }
  const { moveFile } = provider
  return {
    listContainers: (signal) => provider.listContainers({ signal, limit: 1 }),
    createContainer: (signal) => provider.createContainer(newContainer, { signal }),
    getContainer: (signal) => provider.getContainer(container, { signal }),
    destroyContainer: (signal) => provider.destroyContainer(oldContainer, { signal, onlyIfEmpty: false }),
    listFiles: (signal) => provider.listFiles(container, { signal, ...list }),
    getFile: (signal) => provider.getFile(container, file, { signal, conditions: {} }),
    openFile: async (signal) => {
      const opened = await provider.openFile(container, file, { signal, conditions: {} })
      if ('stream' in opened) opened.stream.on('error', () => undefined).destroy()
    },
    putFile: (signal) =>
      provider.putFile(container, file, newContent, { signal, ...writeOptions, size: newContent.length }),
    removeFile: (signal) => provider.removeFile(container, file, { signal, conditions: {} }),
    removeFiles: async (signal) => {
      const [outcome] = await provider.removeFiles(container, [file], { signal })
      if (outcome?.error !== undefined) throw outcome.error
    },
    copyFile: (signal) => provider.copyFile(source, target, { signal, ...copy }),
    ...(moveFile === undefined
      ? {}
      : { moveFile: (signal: AbortSignal) => moveFile.call(provider, source, target, { signal, ...copy }) }),
    ...(provider.capabilities.parts === false ? {} : uploadCalls(provider, upload, part)),
  }
}

function uploadCalls(
  provider: StorageProvider,
  upload: PartUpload,
  part: UploadedPart,
): Partial<Record<ProviderMethod, Call>> {
  const { container, file, partSize } = upload
  const uploads = withUploads(provider)
  const content = newContent.subarray(0, Math.min(partSize, newContent.length))
  const { conditions: _conditions, ...startOptions } = writeOptions
  return {
    startUpload: (signal) => uploads.startUpload(container, file, { signal, ...startOptions, partSize }),
    uploadPart: (signal) => uploads.uploadPart(upload, content, { signal, partNumber: 2, size: content.length }),
    listParts: (signal) => uploads.listParts(upload, { signal, limit: 1 }),
    completeUpload: (signal) => uploads.completeUpload(upload, { signal, parts: [part], conditions: {} }),
    abortUpload: (signal) => uploads.abortUpload(upload, { signal }),
    listUploads: (signal) => uploads.listUploads(container, { signal, limit: 1, prefix: '' }),
  }
}
