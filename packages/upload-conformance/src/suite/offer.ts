/** What a server says that it offers. */
import { HttpClient, NoResponse } from '../http/exchange.js'
import { defaultTimeout, type TargetOptions } from './options.js'

export interface Offer {
  readonly tus?: {
    readonly versions: readonly string[]
    readonly extensions: readonly string[]
    readonly checksums: readonly string[]
    readonly maxSize?: number
  }
  readonly ietf?: {
    /** As in `Upload-Limit`. */
    readonly limits: string
    readonly maxSize?: number
    /** Whether the server sends interim responses. */
    readonly interim: boolean
  }
  /** Whether the run knows where contents are. */
  readonly content: boolean
  /** The response header `Server`. */
  readonly server?: string
}

/** What a server has to offer for a case. */
export type Need =
  | 'tus'
  | `tus:${string}`
  /** `Tus-Max-Size`. */
  | 'tus max-size'
  | 'ietf'
  /** `max-size` of `Upload-Limit`. */
  | 'ietf max-size'
  /** An interim response to the first request that could have one. */
  | 'ietf 104'
  /** Where the content of a complete upload can be read. */
  | 'content'

/**
 * Asks a server with OPTIONS what it offers. Fails with `NoResponse` if it cannot be reached.
 */
export async function discover(url: string, options: TargetOptions): Promise<Offer> {
  const client = new HttpClient(options.headers ?? {}, options.timeout ?? defaultTimeout)
  const { headers } = await client.send({ method: 'OPTIONS', url })
  const list = (name: string) =>
    (headers.get(name) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  // `Tus-Version` is required, and a case tests it.
  const versions = [...new Set([...list('Tus-Version'), ...list('Tus-Resumable')])]
  const limits = headers.get('Upload-Limit')
  const tusMaxSize = headers.get('Tus-Max-Size')
  const ietfMaxSize = /(?:^|[,\s])max-size=(\d+)/.exec(limits ?? '')?.[1]
  const server = headers.get('Server')
  return {
    ...(versions.length === 0
      ? {}
      : {
          tus: {
            versions,
            extensions: list('Tus-Extension'),
            checksums: list('Tus-Checksum-Algorithm'),
            ...(tusMaxSize === undefined ? {} : { maxSize: Number(tusMaxSize) }),
          },
        }),
    ...(limits === undefined
      ? {}
      : {
          ietf: {
            limits,
            interim: await sendsInterim(client, url, options.interop),
            ...(ietfMaxSize === undefined ? {} : { maxSize: Number(ietfMaxSize) }),
          },
        }),
    content: options.content !== undefined,
    ...(server === undefined ? {} : { server }),
  }
}

/**
 * Interim responses are an option of the server, and depend on what is between it and the client.
 */
async function sendsInterim(client: HttpClient, url: string, interop: number | undefined): Promise<boolean> {
  if (interop === undefined) return false
  const headers = { 'Upload-Complete': '?0', 'Upload-Draft-Interop-Version': String(interop) }
  try {
    const { interim } = await client.send({ method: 'POST', url, headers, body: Buffer.from('x') })
    return interim.some(({ status }) => status === 104)
  } catch (error) {
    if (error instanceof NoResponse) return false
    throw error
  }
}

/** Returns why a server does not have what a case needs; `undefined` if it has it. */
export function missing(need: Need, { tus, ietf, content }: Offer): string | undefined {
  if (need === 'content') return content ? undefined : 'it is not known where contents can be read'
  if (need === 'ietf') return ietf === undefined ? 'no Upload-Limit in the response to OPTIONS' : undefined
  if (need === 'ietf max-size') return ietf?.maxSize === undefined ? 'no max-size in Upload-Limit' : undefined
  if (need === 'ietf 104') return ietf?.interim ? undefined : 'no interim responses'
  if (need === 'tus') return tus?.versions.includes('1.0.0') ? undefined : 'no 1.0.0 in Tus-Version or Tus-Resumable'
  if (need === 'tus max-size') return tus?.maxSize === undefined ? 'no Tus-Max-Size' : undefined
  const extension = need.slice('tus:'.length)
  return tus?.extensions.includes(extension) ? undefined : `no ${extension} in Tus-Extension`
}
