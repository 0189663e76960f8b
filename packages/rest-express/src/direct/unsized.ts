/** Uploads for clients of S3, which choose the size of their parts, and often state no size. */
import type { ResumableUpload } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { RequestContext } from '../routes/request-context.js'
import type { DirectFile } from './direct-tickets.js'
import { acceptDirect } from './incoming.js'

/** Bytes: the parts that such clients send, unless the file has more than 10,000 of them. */
const usualPartSize = 5 * 1024 * 1024

/** Starts an upload. If the client states a size, all of its parts have 5 MiB. */
export async function startUnsized(context: RequestContext, file: DirectFile): Promise<ResumableUpload> {
  const { storage, container, requestSignal: signal } = context
  const write = await acceptDirect(context, file)
  const { parts, streamingPut, maxFileSize } = storage.capabilities
  const { maxParts, maxPartSize } = parts || { maxParts: 1, maxPartSize: 1 }
  const isKnown = file.size !== undefined && Math.ceil(file.size / usualPartSize) <= maxParts
  // A storage that takes streams finds a part by its position, so all parts have one size.
  const largest = streamingPut ? usualPartSize * maxParts : maxFileSize
  const { maxSize = largest } = write
  return storage.createDirectUpload(container, file.file, {
    ...write,
    ...defined({ size: isKnown ? file.size : undefined }),
    maxSize: Math.min(maxSize, largest),
    partSize: isKnown || streamingPut ? usualPartSize : Math.min(maxPartSize, Math.max(maxSize, usualPartSize)),
    signal,
  })
}
