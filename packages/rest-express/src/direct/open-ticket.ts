/** Opens the tickets and permits that clients present. */
import { StorageError } from '@stowage/core'
import { RequestError } from '../http/request-error.js'
import { fromHook, type RequestContext } from '../routes/request-context.js'
import type { DirectRules } from './direct-options.js'
import { containerOf, type DirectTicket, type Permit } from './direct-tickets.js'

const unknownUpload = () => new StorageError('UPLOAD_NOT_FOUND', 'unknown upload')
const expired = () => new RequestError(410, 'UPLOAD_EXPIRED', 'the upload has expired')

/** The router has no routes of direct uploads without these rules. */
export const rulesOf = ({ rules }: RequestContext): DirectRules => rules.direct as DirectRules

/** Returns the owner of a request, if the application names owners. */
export async function ownerOf({ rules, req }: RequestContext): Promise<string | undefined> {
  const owner = rules.direct?.owner
  return owner === undefined ? undefined : fromHook(() => owner(req))
}

/**
 * Opens the ticket in the path, if the client may use it. Fails with 404 for a ticket of another
 * container, file or owner, and with 410 after its expiry.
 *
 * @param file The file that the client names, if the protocol has it.
 */
export async function openTicket(context: RequestContext, text = context.file, file?: string): Promise<DirectTicket> {
  const ticket = rulesOf(context).tickets.open(text)
  if (ticket === undefined || ticket.upload.container !== context.container) throw unknownUpload()
  if (file !== undefined && ticket.upload.file !== file) throw unknownUpload()
  if (ticket.owner !== (await ownerOf(context))) throw unknownUpload()
  if (Date.now() >= ticket.expires) throw expired()
  await context.authorize('putFile', context.container, ticket.upload.file)
  return ticket
}

/** Opens the permit in the path. Fails with 404, and with 410 after its expiry. */
export function openPermit(context: RequestContext): Permit {
  const sealed = rulesOf(context).permits.open(context.file)
  if (sealed === undefined || containerOf(sealed.permit) !== context.container) throw unknownUpload()
  if (Date.now() >= sealed.expires) throw expired()
  return sealed.permit
}
