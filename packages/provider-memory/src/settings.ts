import { isBaseUrl, isSecretList, signedUrlRules } from '@stowage/core/provider'
import * as v from 'valibot'

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const conditionSupport = v.union([v.picklist(['atomic', 'emulated']), v.literal(false)])

/** Capabilities that replace the provider's own, each as a whole. */
const capabilities = v.partial(
  v.strictObject(
    {
      containerNames: v.strictObject({ pattern: v.string(), minBytes: bytes, maxBytes: bytes, rule: v.string() }),
      maxPageSize: bytes,
      maxFileSize: bytes,
      maxPutSize: bytes,
      streamingPut: v.boolean(),
      parts: v.union([v.literal(false), v.strictObject({ minPartSize: bytes, maxPartSize: bytes, maxParts: bytes })]),
      conditions: v.strictObject({
        create: conditionSupport,
        update: conditionSupport,
        remove: conditionSupport,
        destroyEmpty: v.picklist(['atomic', 'emulated']),
      }),
      checksums: v.array(v.picklist(['md5', 'sha256'])),
    },
    'must be an object of capabilities, each as a whole',
  ),
)

/** Signed URLs, which the router serves. */
const signedUrls = v.strictObject({
  baseUrl: v.pipe(v.string(signedUrlRules.baseUrl), v.check(isBaseUrl, signedUrlRules.baseUrl)),
  secrets: v.pipe(
    v.array(v.string(signedUrlRules.secrets), signedUrlRules.secrets),
    v.check((secrets) => isSecretList(secrets), signedUrlRules.secrets),
    v.readonly(),
  ),
})

/** A data source's settings, except `provider`. All are optional. */
export const settings = v.strictObject({
  capabilities: v.optional(capabilities),
  signedUrls: v.optional(signedUrls),
})

export type MemorySettings = v.InferOutput<typeof settings>
