/** The options of resumable uploads, and their check. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { StorageError, type WrittenFile } from '@stowage/core'
import { checkOptions, type NamesOf } from '@stowage/core/provider'
import type { HttpRequest } from '../http/messages.js'
import { checkSecrets, Tickets } from './ticket.js'

/** An upload that is about to start. */
export interface NewUpload {
  readonly container: string
  /** The name of the file; absent for a part of a file, which is joined with others later. */
  readonly name?: string
  /** Bytes, if the client states them. */
  readonly size?: number
  /** What `owner` returned. */
  readonly owner?: string
}

/** Options of resumable uploads. */
export interface ResumableOptions<Req = IncomingMessage> {
  /**
   * Secrets of 32 characters or more, which encrypt the URLs of uploads: the first one those of new
   * uploads; all of them open URLs, so that a secret can be replaced. Every process needs the same
   * ones. Default: a random one, with which an upload cannot be continued after a restart, or
   * through another process.
   */
  readonly secrets?: readonly string[]
  /** Seconds from the start of an upload to its expiry. Default: 86,400, one day. */
  readonly maxAge?: number
  /**
   * Returns the owner of a request, such as the user's id. Others get 404 for the upload. Default:
   * every client that has the URL.
   */
  readonly owner?: (req: Req) => string | undefined | Promise<string | undefined>
  /**
   * Called before an upload starts, after `authorize`. An error that it throws with a `statusCode`
   * from 400 to 499 is the response. So an application can bound the uploads of a client, by 429.
   */
  readonly beforeCreate?: (upload: NewUpload, req: Req) => void | Promise<void>
  /**
   * Called when an upload is complete, with the file. May be called again if the response to the
   * last request was lost and the client asks again. An error that it throws is the response, but
   * the file stays.
   */
  readonly onComplete?: (file: WrittenFile, req: Req) => void | Promise<void>
}

/** Checked options, with defaults. */
export interface ResumableRules {
  readonly tickets: Tickets
  /** Milliseconds. */
  readonly maxAge: number
  readonly owner: ResumableOptions<HttpRequest>['owner']
  readonly beforeCreate: ResumableOptions<HttpRequest>['beforeCreate']
  readonly onComplete: ResumableOptions<HttpRequest>['onComplete']
}

const names = {
  secrets: true,
  maxAge: true,
  owner: true,
  beforeCreate: true,
  onComplete: true,
} as const satisfies NamesOf<ResumableOptions>

const defaultMaxAge = 86_400

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property: `resumable.${property}` } })

/**
 * Returns the checked options; `undefined` if resumable uploads are off. Throws `INVALID_ARGUMENT`,
 * which names the option.
 */
export function resumableRules(
  options: boolean | ResumableOptions<HttpRequest> | undefined,
): ResumableRules | undefined {
  if (options === undefined || options === false) return undefined
  const given = options === true ? {} : options
  checkOptions('resumable', given, names)
  const { secrets = [randomBytes(32).toString('hex')], maxAge = defaultMaxAge, owner, beforeCreate, onComplete } = given
  checkSecrets('resumable', secrets)
  if (!Number.isSafeInteger(maxAge) || maxAge < 1) {
    throw invalid('maxAge', 'resumable.maxAge must be a whole number of seconds from 1')
  }
  for (const [property, value] of Object.entries({ owner, beforeCreate, onComplete })) {
    if (value !== undefined && typeof value !== 'function') {
      throw invalid(property, `resumable.${property} must be a function`)
    }
  }
  return { tickets: new Tickets(secrets), maxAge: maxAge * 1000, owner, beforeCreate, onComplete }
}
