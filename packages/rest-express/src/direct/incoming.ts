/** A file that a client wants to send, and the rules of uploads. */
import { randomUUID } from 'node:crypto'
import { unknownContentType } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { formName } from '../forms/form-file.js'
import { essence, type IncomingFile } from '../options.js'
import type { RequestContext } from '../routes/request-context.js'
import { accept } from '../routes/upload-rules.js'
import type { DirectFile } from './direct-tickets.js'

/** Returns the file under the name that the rules give it, if `authorize` allows that. */
export async function nameDirect(
  context: RequestContext,
  { name, contentType, size }: { readonly name?: string; readonly contentType?: string; readonly size?: number },
): Promise<DirectFile> {
  const { container, req, res, rules } = context
  const originalFilename = name ?? randomUUID()
  const incoming: IncomingFile = {
    container,
    name: originalFilename,
    type: essence(contentType ?? unknownContentType),
    ...defined({ size }),
  }
  await context.authorize('putFile', container)
  const file = await formName(incoming, rules.upload, { req, res })
  await context.authorize('putFile', container, file)
  return { file, originalFilename, ...defined({ contentType, size }) }
}

/** Returns how a file is written, if the rules accept it. */
export async function acceptDirect(context: RequestContext, direct: DirectFile) {
  const { storage, container, req, res, rules } = context
  const { file, originalFilename, size } = direct
  // Clients state the unknown type for files whose type they do not know.
  const isStated = direct.contentType !== undefined && essence(direct.contentType) !== unknownContentType
  const contentType = isStated ? direct.contentType : undefined
  const incoming: IncomingFile = {
    container,
    name: file,
    type: essence(contentType ?? unknownContentType),
    ...defined({ size, originalFilename: originalFilename === file ? undefined : originalFilename }),
  }
  const { write } = await accept(storage, rules.upload, incoming, contentType, { req, res })
  const { policy, maxSize, native, contentType: type, cacheControl, acl } = write
  return defined({ policy, maxSize, native, contentType: type, cacheControl, acl })
}
