/** The options of direct uploads, and their check. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { StorageError, type WrittenFile } from '@stowage/core'
import { checkOptions, type NamesOf } from '@stowage/core/provider'
import type { HttpRequest } from '../http/messages.js'
import { checkSecrets, Tickets } from '../resumable/ticket.js'
import type { DirectTicket, SealedPermit } from './direct-tickets.js'

/** Options of direct uploads. */
export interface DirectOptions<Req = IncomingMessage> {
  /**
   * Secrets of 32 characters or more, which encrypt tickets and the router's own URLs: the first
   * one the new ones; all of them open. Every process needs the same ones. Default: those of
   * `resumable`, or a random one, with which no upload can be continued after a restart.
   */
  readonly secrets?: readonly string[]
  /** Seconds from the start of an upload to its expiry. Default: 86,400, one day. */
  readonly maxAge?: number
  /** Seconds for which a URL for a part is valid. Default: 3,600, one hour. */
  readonly urlLifetime?: number
  /**
   * The URL of the router as browsers reach it, such as `https://files.example/api/containers`.
   * Default: that of the request, from its `Host`, and Express's `req.protocol`.
   */
  readonly baseUrl?: string
  /**
   * Returns the owner of a request, such as the user's id. Others get 404 for the upload. Default:
   * every client that has the ticket.
   */
  readonly owner?: (req: Req) => string | undefined | Promise<string | undefined>
  /**
   * Called when an upload is complete, with the file. May be called again if the client repeats the
   * completion. An error that it throws is the response, but the file stays.
   */
  readonly onComplete?: (file: WrittenFile, req: Req) => void | Promise<void>
}

/** Checked options, with defaults. */
export interface DirectRules {
  readonly tickets: Tickets<DirectTicket>
  readonly permits: Tickets<SealedPermit>
  /** Milliseconds. */
  readonly maxAge: number
  /** Seconds. */
  readonly urlLifetime: number
  /** Without a slash at the end. */
  readonly baseUrl: string | undefined
  readonly owner: DirectOptions<HttpRequest>['owner']
  readonly onComplete: DirectOptions<HttpRequest>['onComplete']
}

const names = {
  secrets: true,
  maxAge: true,
  urlLifetime: true,
  baseUrl: true,
  owner: true,
  onComplete: true,
} as const satisfies NamesOf<DirectOptions>

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property: `direct.${property}` } })

/**
 * Returns the checked options; `undefined` if direct uploads are off. Throws `INVALID_ARGUMENT`,
 * which names the option.
 *
 * @param shared The secrets of resumable uploads, if there are some.
 */
export function directRules(
  options: boolean | DirectOptions<HttpRequest> | undefined,
  shared: readonly string[] | undefined,
): DirectRules | undefined {
  if (options === undefined || options === false) return undefined
  const given = options === true ? {} : options
  checkOptions('direct', given, names)
  const { secrets = shared ?? [randomBytes(32).toString('hex')], owner, onComplete } = given
  checkSecrets('direct', secrets)
  for (const [property, value] of Object.entries({ owner, onComplete })) {
    if (value !== undefined && typeof value !== 'function') {
      throw invalid(property, `direct.${property} must be a function`)
    }
  }
  return {
    tickets: new Tickets(secrets, 'stowage direct ticket'),
    permits: new Tickets(secrets, 'stowage direct permit'),
    maxAge: seconds('maxAge', given.maxAge ?? 86_400) * 1000,
    urlLifetime: seconds('urlLifetime', given.urlLifetime ?? 3600),
    baseUrl: given.baseUrl === undefined ? undefined : checkedUrl(given.baseUrl),
    owner,
    onComplete,
  }
}

function seconds(property: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(property, `direct.${property} must be a whole number of seconds from 1`)
}

function checkedUrl(value: unknown): string {
  if (typeof value === 'string' && /^https?:\/\/[^?#]+$/.test(value) && URL.canParse(value)) {
    return value.replace(/\/+$/, '')
  }
  throw invalid('baseUrl', 'direct.baseUrl must be a URL that begins with http:// or https://')
}
