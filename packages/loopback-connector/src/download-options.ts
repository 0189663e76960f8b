/**
 * Headers of downloads.
 */
import { contentTypeByName, type FileInfo, unknownContentType } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { DownloadOptions } from '@stowage/rest-express'
import type { Response } from './http.js'

/** Settings of a data source that concern downloads. */
export interface DownloadSettings {
  /** Cache-Control of files that have none of their own. Default: `private, no-cache`. */
  readonly cacheControl?: string
  /**
   * Send files as the storage component did: with the type that their name tells, to be shown in the page's own origin whatever they
   * are. A stored HTML or SVG file then runs its scripts there: only for files that nobody else can upload. Default: false.
   */
  readonly legacyDownloads?: boolean
}

/** Headers that a remote hook or a middleware may set for a download, as it could with the storage component. */
const applicationHeaders = ['Cache-Control', 'Content-Disposition', 'Content-Type'] as const

/**
 * Returns the options for a download in a response. Headers of {@link applicationHeaders} that the response has already
 * take precedence over those of the file.
 */
export function downloadOptions(
  { cacheControl, legacyDownloads }: DownloadSettings,
  response: Response,
): DownloadOptions {
  const given = new Map(applicationHeaders.map((name) => [name, response.getHeader(name)]))
  const kept = Object.fromEntries([...given].filter(([, value]) => value !== undefined))
  const headersOf = legacyDownloads === true ? legacyHeaders : () => ({})
  return {
    ...defined({ cacheControl }),
    headers: (file) => ({ ...headersOf(file), ...kept }),
  }
}

const legacyHeaders = ({ name }: FileInfo) => ({
  'Content-Type': withCharset(contentTypeByName(name) ?? unknownContentType),
  'Content-Disposition': undefined,
  'Content-Security-Policy': undefined,
  'X-Content-Type-Options': undefined,
})

/** Declares UTF-8 by the type, as Express and the storage component do, whatever the content is. */
const withCharset = (contentType: string) =>
  /^(?:text\/[^;]+|application\/(?:javascript|json))$/.test(contentType) ? `${contentType}; charset=utf-8` : contentType
