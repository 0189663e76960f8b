/** Sends what a browser sends for a part of a direct upload, and names what the service lacks. */
import { describeCause, StorageError } from '../contract/errors.js'
import type { SignedUrl } from '../contract/provider.js'

/** Milliseconds for one request. */
const timeout = 30_000

/** What keeps a page from sending parts to the service. */
export interface OriginProblem {
  /** The header that is missing or has another value. */
  readonly header: string
  readonly message: string
}

/**
 * Returns the problems of an origin with the URL of a part.
 *
 * @param needsETag Whether a page has to read the ETag, as clients for S3 do.
 */
export async function originProblems(
  { url, headers }: SignedUrl,
  origin: string,
  { body, needsETag, signal }: { readonly body: Uint8Array; readonly needsETag: boolean; readonly signal: AbortSignal },
): Promise<OriginProblem[]> {
  const send = async (init: RequestInit) => {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]) })
      await response.arrayBuffer()
      return response
    } catch (error) {
      throw new StorageError('CONNECTION_LOST', 'the service is unreachable at the URL of a part', {
        cause: describeCause(error),
      })
    }
  }
  const names = [...Object.keys(headers), 'content-type'].join(',')
  const preflight = await send({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': names },
  })
  const problems: OriginProblem[] = []
  const requireList = (response: Response, header: string, wanted: string, what: string) => {
    const values = (response.headers.get(header) ?? '').toLowerCase().split(/[\s,]+/)
    if (values.includes('*') || values.includes(wanted.toLowerCase())) return
    problems.push({ header, message: `${what} lacks ${wanted} in ${header}` })
  }
  if (!preflight.ok) {
    const header = 'Access-Control-Allow-Origin'
    problems.push({ header, message: `the service refuses the preflight request with ${preflight.status}` })
    return problems
  }
  requireList(preflight, 'Access-Control-Allow-Origin', origin, 'the response to the preflight request')
  requireList(preflight, 'Access-Control-Allow-Methods', 'PUT', 'the response to the preflight request')
  for (const name of names.split(',')) {
    requireList(preflight, 'Access-Control-Allow-Headers', name, 'the response to the preflight request')
  }
  const response = await send({ method: 'PUT', headers: { ...headers, origin }, body: Buffer.from(body) })
  requireList(response, 'Access-Control-Allow-Origin', origin, 'the response to a part')
  if (needsETag) requireList(response, 'Access-Control-Expose-Headers', 'ETag', 'the response to a part')
  return problems
}
