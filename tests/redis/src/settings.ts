import * as v from 'valibot'

/** A data source's settings, except `provider`. */
export const settings = v.strictObject({
  url: v.pipe(v.string(), v.regex(/^rediss?:\/\//, 'a URL such as redis://user:password@host:6379/0')),
  prefix: v.optional(v.string(), 'stowage'),
})

export type RedisSettings = v.InferInput<typeof settings>
