/**
 * A small file by one PUT. Pausing ends the request, and resuming sends the file again.
 */
import { fetcher } from '@uppy/core/utils'
import { errorOf } from '../storage/api.ts'
import type { Sending } from './file-queue.ts'
import { requestOf, wordsOfUpload } from './upload-errors.ts'
import { type Body, isCreateOnly, mayPass, pathOf, placeOf, retries, typeOf, type UploadFile } from './upload-file.ts'

export async function putFile(file: UploadFile, { signal, progress }: Sending): Promise<Body> {
  const { storage, container } = placeOf(file)
  const type = typeOf(file)
  const { responseText } = await fetcher(storage.fileUrl(container, pathOf(file)), {
    method: 'PUT',
    body: file.data as Blob,
    headers: {
      ...(type === '' ? {} : { 'Content-Type': type }),
      ...(isCreateOnly(file) ? { 'If-None-Match': '*' } : {}),
    },
    signal,
    retries,
    shouldRetry: ({ status }) => mayPass(status),
    // A slow connection is not a failure.
    timeout: 0,
    onUploadProgress: ({ loaded }) => progress(loaded),
  }).catch((error: unknown) => {
    const { status, responseText } = requestOf(error)
    throw new Error(wordsOfUpload(errorOf(status, responseText)))
  })
  return JSON.parse(responseText) as Body
}
