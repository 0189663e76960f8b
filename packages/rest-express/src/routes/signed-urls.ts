/**
 * Requests to URLs that the storage has signed for the router (`signUrl`, `signDirectParts`). The
 * signature replaces `authorize`. Everything else holds as for other downloads and uploads.
 */
import { StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { receivePart } from '../direct/part-body.js'
import { sendFile } from '../downloads/download.js'
import { statedSize } from '../http/request-body.js'
import { RequestError } from '../http/request-error.js'
import { acceptPut, storePut } from './raw-upload.js'
import type { RequestContext } from './request-context.js'

/** `GET` and `HEAD /:container/signed/*file` */
export async function sendSigned(context: RequestContext): Promise<void> {
  const { responseHeaders = {} } = await verified(context, 'GET')
  const { storage, container, file, req, res, rules, responseSignal: signal } = context
  // The service's signed URL would be this one.
  const download = { ...rules.download, redirect: undefined }
  await sendFile({ storage, container, file, req, res, rules: download, signal, responseHeaders })
}

/**
 * `PUT /:container/signed/*file`: 201 if the file is new, 200 if it replaced one. Stores a part of
 * an upload if the URL is for one.
 */
export async function receiveSigned(context: RequestContext): Promise<void> {
  const { contentType, size, part } = await verified(context, 'PUT')
  if (part !== undefined) {
    const { partNumber, ...rest } = part
    const upload = { container: context.container, file: context.file, ...rest }
    return receivePart(context, { upload, partNumber, ...defined({ size }) })
  }
  if (contentType !== undefined) checkType(context.req.headers['content-type'], contentType)
  await storePut(context, await acceptPut(context, size ?? statedSize(context.req)))
}

/** Returns the constraints of the URL. Fails with 403 if it does not allow the request. */
async function verified({ storage, container, file, query }: RequestContext, method: 'GET' | 'PUT') {
  const found = await storage.provider.verifyUrl?.(container, file, { method, query })
  if (found?.verdict === 'valid') return found
  if (found?.verdict === 'expired') throw new RequestError(403, 'URL_EXPIRED', 'the URL has expired')
  if (found?.verdict === 'method') {
    throw new RequestError(403, 'METHOD_NOT_SIGNED', `the URL is signed for ${found.allowed}, not for ${method}`)
  }
  throw new RequestError(403, 'SIGNATURE_MISMATCH', 'the signature does not match the URL')
}

function checkType(stated: string | undefined, signed: string | null): void {
  if (signed === null && stated !== undefined) {
    throw new StorageError('TYPE_NOT_ALLOWED', 'the URL is signed for a request without Content-Type')
  }
  if (signed !== null && normal(stated ?? '') !== normal(signed)) {
    throw new StorageError('TYPE_NOT_ALLOWED', `the URL is signed for Content-Type ${JSON.stringify(signed)}`)
  }
}

/** Clients write types differently: browsers in lower case, and without spaces. */
const normal = (type: string) => type.toLowerCase().replaceAll(/\s*;\s*/g, ';')
