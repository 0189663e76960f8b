/** The settings of a data source. */
import { isBaseUrl, isSecretList, signedUrlRules } from '@stowage/core/provider'
import * as v from 'valibot'

const pathRule = 'must be the path of a directory'
const flagRule = 'must be true or false'
const chunkRule = 'must be a whole number of bytes from 4096 to 67108864'

const signedUrls = v.strictObject({
  baseUrl: v.pipe(v.string(signedUrlRules.baseUrl), v.check(isBaseUrl, signedUrlRules.baseUrl)),
  secrets: v.pipe(
    v.array(v.string(signedUrlRules.secrets), signedUrlRules.secrets),
    v.check((secrets) => isSecretList(secrets), signedUrlRules.secrets),
    v.readonly(),
  ),
})

/** A data source's settings, except `provider`. */
export const settings = v.strictObject(
  {
    /** The directory that contains the containers. Relative to the `datasources.json`. */
    root: v.pipe(v.string(pathRule), v.nonEmpty(pathRule)),
    /** Whether to create the root and its missing ancestors. Default: false. */
    createRoot: v.optional(v.boolean(flagRule)),
    /** Whether every write survives a loss of power once the call has succeeded. Default: false. */
    fsync: v.optional(v.boolean(flagRule)),
    /** Bytes of one read or write of a large file, from 4 KiB to 64 MiB. Default: 1 MiB. */
    chunkSize: v.optional(
      v.pipe(
        v.number(chunkRule),
        v.safeInteger(chunkRule),
        v.minValue(4096, chunkRule),
        v.maxValue(67_108_864, chunkRule),
      ),
    ),
    /** Signed URLs, which the router serves. Default: none. */
    signedUrls: v.optional(signedUrls),
  },
  'is missing',
)

export type FilesystemSettings = v.InferOutput<typeof settings>
