/** Sends the SDK's requests over the transport that all cloud providers share. */
import type { Readable } from 'node:stream'
import { buildQueryString, type HttpHandler, type HttpRequest } from '@smithy/core/protocols'
import { bufferedStream, type HttpTransport, type RequestBody } from '@stowage/http-transport'

/** The options that the SDK's `send` passes to the handler. */
export type SendOptions = Parameters<HttpHandler['handle']>[1] & {
  /**
   * Bytes: longer content is returned as a stream. Default: 0, for users of the native client. With
   * `Infinity`, a response is read before the SDK parses it, so that one that ends early is a
   * broken connection and not a parser error.
   */
  readonly streamFrom?: number
}

export function createRequestHandler(transport: HttpTransport): HttpHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: HttpRequest, { abortSignal, streamFrom = 0 }: SendOptions = {}) {
      const { status, headers, body } = await transport.send({
        method: request.method,
        origin: originOf(request),
        path: pathOf(request),
        headers: request.headers,
        body: bodyOf(request),
        signal: abortSignal instanceof AbortSignal ? abortSignal : undefined,
        streamFrom,
      })
      return { response: { statusCode: status, headers, body: Buffer.isBuffer(body) ? bufferedStream(body) : body } }
    },
    destroy: () => void transport.close(),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  }
}

const originOf = ({ protocol, hostname, port }: HttpRequest) =>
  `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`

function pathOf({ path, query }: HttpRequest): string {
  const search = buildQueryString(query)
  return search === '' ? path : `${path}?${search}`
}

function bodyOf({ body }: HttpRequest): RequestBody | undefined {
  if (body === undefined || body === null || body === '') return undefined
  return typeof body === 'string' ? Buffer.from(body) : (body as Uint8Array | Readable)
}
