/** The body of a request on its way into an upload, in both protocols. */

import type { AppendOptions, ResumableUpload, ResumableUploadState, UploadPolicy, WrittenFile } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { HttpRequest } from '../http/messages.js'
import { RequestBody, statedSize } from '../http/request-body.js'
import { fromHook, type RequestContext } from '../routes/request-context.js'
import { policyOfUpload } from '../routes/upload-rules.js'
import { rulesOf } from './upload-url.js'

/** Whether the request may have a body that is not empty. */
export const hasContent = (req: HttpRequest): boolean => statedSize(req) !== 0

/**
 * Stores the request's body. Everything that arrives is stored, also if the connection breaks. The
 * call has no signal, because the body fails when the connection breaks, after what arrived.
 *
 * @param options.policies Hold in addition to those of the router.
 * @param through Returns the body that is stored.
 */
export async function appendBody(
  context: RequestContext,
  upload: ResumableUpload,
  { policies = [], ...options }: AppendOptions & { readonly policies?: readonly UploadPolicy[] },
  through: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> = (body) => body,
): Promise<ResumableUploadState> {
  const { storage, req, res, rules } = context
  const { policy = [] } = await policyOfUpload(context, upload)
  const body = through(new RequestBody(req, res, rules.upload.idleTimeout))
  const { size = upload.size, beforeComplete } = options
  let refusal: { readonly error: unknown } | undefined
  try {
    return await storage.appendToResumableUpload(upload, body, {
      ...options,
      ...(upload.policed ? { policy: [...policy, ...policies] } : {}),
      ...defined({ size, bodySize: statedSize(req) }),
      beforeComplete: async () => {
        try {
          await beforeComplete?.()
        } catch (error) {
          refusal = { error }
          throw error
        }
      },
    })
  } catch (error) {
    // Core wraps an error that is not its own.
    throw refusal === undefined ? error : refusal.error
  }
}

/** Calls the application with a complete file. */
export async function reportComplete(context: RequestContext, file: WrittenFile | undefined): Promise<void> {
  const { onComplete } = rulesOf(context)
  if (file !== undefined && onComplete !== undefined) await fromHook(() => onComplete(file, context.req))
}
