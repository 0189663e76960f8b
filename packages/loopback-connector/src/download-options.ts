/**
 * Headers of download responses.
 */
import { contentTypeByName, type FileInfo, unknownContentType } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { DownloadOptions } from '@stowage/rest-express'
import type { Response } from './http.js'

/** Settings of a data source for downloads. */
export interface DownloadSettings {
  /** `Cache-Control` for files that have none. Default: `private, no-cache`. */
  readonly cacheControl?: string
  /**
   * Whether to send the headers of LoopBack's storage component: the content type follows from the
   * file's name, and browsers display every type of file in your site's origin. Scripts in a stored
   * HTML or SVG file then run in that origin. Use it only for files that no untrusted client can
   * upload. Default: false.
   */
  readonly legacyDownloads?: boolean
}

/**
 * Headers of a download that a remote hook or a middleware may set, as with the storage component.
 */
const applicationHeaders = ['Cache-Control', 'Content-Disposition', 'Content-Type'] as const

/**
 * Returns the options for a download. Headers in {@link applicationHeaders} that are already set on
 * the response take precedence over those of the file.
 */
export function downloadOptions(
  { cacheControl, legacyDownloads }: DownloadSettings,
  response: Response,
): DownloadOptions {
  const headers = applicationHeaders.map((name) => [name, response.getHeader(name)] as const)
  const alreadySet = Object.fromEntries(headers.filter(([, value]) => value !== undefined))
  const headersOf = legacyDownloads === true ? legacyHeaders : () => ({})
  return {
    ...defined({ cacheControl }),
    headers: (file) => ({ ...headersOf(file), ...alreadySet }),
  }
}

const legacyHeaders = ({ name }: FileInfo) => ({
  'Content-Type': withCharset(contentTypeByName(name) ?? unknownContentType),
  'Content-Disposition': undefined,
  'Content-Security-Policy': undefined,
  'X-Content-Type-Options': undefined,
})

/**
 * Declares UTF-8 for text, JavaScript and JSON, as Express and the storage component do. The
 * content is not checked.
 */
const withCharset = (contentType: string) =>
  /^(?:text\/[^;]+|application\/(?:javascript|json))$/.test(contentType) ? `${contentType}; charset=utf-8` : contentType
