/** The URL of an upload: made for a new upload, and opened for the client that may use it. */

import { type ResumableUpload, StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { RequestError } from '../http/request-error.js'
import { fromHook, type RequestContext } from '../routes/request-context.js'
import type { ResumableRules } from './resumable-options.js'
import type { Ticket } from './ticket.js'

/** The rules of resumable uploads. Without them, the router has no routes that call this. */
export const rulesOf = ({ rules }: RequestContext): ResumableRules => rules.resumable as ResumableRules

/** Returns the ticket in the path, if the client may use it. */
export async function openTicket(context: RequestContext): Promise<Ticket> {
  const ticket = await ticketOf(context, context.file)
  await authorizeUpload(context, ticket)
  return ticket
}

/**
 * Whether the bytes of an upload become a file only together with others. Those of an upload that
 * is hidden for its policy are also stored as partial.
 */
export const isPartial = ({ partial, write }: ResumableUpload): boolean => partial === true && write === undefined

/** When an upload that starts now expires. */
export const expiryOf = (context: RequestContext): Date => new Date(Date.now() + rulesOf(context).maxAge)

/** Asks the application, under the name of the file. A partial upload has none yet. */
export async function authorizeUpload(context: RequestContext, { upload, joined }: Ticket): Promise<void> {
  await context.authorize('putFile', context.container, isPartial(upload) && !joined ? undefined : upload.file)
}

/** Opens a ticket of the container in the path and of the client. Fails with 404 and 410. */
export async function ticketOf(context: RequestContext, text: string): Promise<Ticket> {
  const ticket = rulesOf(context).tickets.open(text)
  const unknown = new StorageError('UPLOAD_NOT_FOUND', 'unknown upload')
  if (ticket === undefined || ticket.upload.container !== context.container) throw unknown
  if (ticket.owner !== (await ownerOf(context))) throw unknown
  if (Date.now() >= ticket.expires) throw new RequestError(410, 'UPLOAD_EXPIRED', 'the upload has expired')
  return ticket
}

/** The owner of uploads that the request starts. */
export async function ownerOf(context: RequestContext): Promise<string | undefined> {
  const { owner } = rulesOf(context)
  return owner === undefined ? undefined : fromHook(() => owner(context.req))
}

/** Asks the application before an upload starts. Returns the owner of the upload. */
export async function ownerOfNew(context: RequestContext, name?: string, size?: number): Promise<string | undefined> {
  const { beforeCreate } = rulesOf(context)
  const owner = await ownerOf(context)
  if (beforeCreate !== undefined) {
    const upload = { container: context.container, ...defined({ name, size, owner }) }
    await fromHook(() => beforeCreate(upload, context.req))
  }
  return owner
}

/**
 * The upload's URL, relative to that of the request, which ends with `uploads` or is that of a
 * file. So it is right behind every proxy.
 */
export function location({ req: { url = '' }, uploadUrl }: RequestContext, ticket: string): string {
  if (uploadUrl !== undefined) return uploadUrl(ticket)
  const { pathname } = new URL(url, 'http://localhost')
  const [, , ...below] = pathname.split('/')
  const depth = below.length - 1
  if (depth === 0) return `uploads/${ticket}`
  return below[0] === 'uploads' ? ticket : `${'../'.repeat(depth)}uploads/${ticket}`
}
