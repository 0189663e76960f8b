/**
 * @stowage/http-transport: HTTP for the providers of cloud services, over undici.
 *
 * - `transport.ts`: the connections to a service: their number, idle time and proxies.
 * - `messages.ts`: requests and responses.
 * - `exchange.ts`: one request and its response: bodies, timeouts, aborts; `response-stream.ts`: a
 *   response's body as a stream.
 * - `errors.ts`: connection failures as `StorageError`s.
 */
export type { HttpRequest, HttpResponse, RequestBody, ResponseHeaders } from './messages.js'
export { bufferedStream } from './response-stream.js'
export { HttpTransport, type HttpTransportOptions } from './transport.js'
