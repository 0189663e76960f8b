/** Sends the SDK's requests over the transport that all cloud providers share. */
import type { Readable } from 'node:stream'
import { toHttpHeadersLike } from '@azure/core-http-compat'
import { createHttpHeaders } from '@azure/core-rest-pipeline'
import type { HttpOperationResponse, IHttpClient, WebResource } from '@azure/storage-blob'
import { smallBodySize } from '@stowage/core/provider'
import { bufferedStream, type HttpTransport, type RequestBody } from '@stowage/http-transport'

export function createHttpClient(transport: HttpTransport): IHttpClient {
  return {
    async sendRequest(request: WebResource): Promise<HttpOperationResponse> {
      const { origin, pathname, search } = new URL(request.url)
      const { abortSignal, streamResponseStatusCodes: streamed = noStatuses } = request
      const { status, headers, body } = await transport.send({
        method: request.method,
        origin,
        path: pathname + search,
        headers: request.headers.toJson(),
        body: bodyOf(request.body),
        signal: abortSignal instanceof AbortSignal ? abortSignal : undefined,
        ...(streamed.size === 0 ? {} : { streamFrom: smallBodySize }),
      })
      const response = { request, status, headers: toHttpHeadersLike(createHttpHeaders(headers)) }
      if (!Buffer.isBuffer(body)) return { ...response, readableStreamBody: body }
      if (isStreamed(streamed, status)) return { ...response, readableStreamBody: bufferedStream(body) }
      return { ...response, bodyAsText: body.toString() }
    },
  }
}

const noStatuses: ReadonlySet<number> = new Set()

const isStreamed = (statuses: ReadonlySet<number>, status: number): boolean =>
  statuses.has(status) || statuses.has(Number.POSITIVE_INFINITY)

/** Converts the kinds of bodies that the SDK supports and Node has. */
function bodyOf(body: unknown): RequestBody | undefined {
  if (body === undefined || body === null || body === '') return undefined
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  return (typeof body === 'function' ? body() : body) as Readable
}
