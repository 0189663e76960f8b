import * as v from 'valibot'

/** A data source's settings, except `provider`. */
export const settings = v.strictObject({ endpoint: v.pipe(v.string(), v.url()), key: v.string() })

export type MySettings = v.InferOutput<typeof settings>
