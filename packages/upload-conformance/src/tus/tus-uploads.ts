/** The requests of tus 1.0.0. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RequestHeaders, RequestSpec, Response } from '../http/exchange.js'
import { CaseFailure, expect, expectHeader, expectStatus, requireHeader } from '../suite/checks.js'
import type { Target } from '../suite/target.js'

export const offsetType = 'application/offset+octet-stream'
/**
 * How often an upload that another request holds is asked for again, and how long is waited
 * between.
 */
const attempts = 20
const pause = 250

/** An upload that a case has started. */
export interface TusUpload {
  readonly url: string
  readonly name: string
  readonly response: Response
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

export class TusUploads {
  readonly target: Target
  readonly #started: string[] = []

  constructor(target: Target) {
    this.target = target
  }

  /** Sends a request with the version. A header that is `undefined` is left out. */
  send(
    method: string,
    url: string,
    headers: Readonly<Record<string, string | undefined>> = {},
    body?: RequestSpec['body'],
    trailers?: RequestHeaders,
  ): Promise<Response> {
    const all: Record<string, string> = { 'Tus-Resumable': '1.0.0' }
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) delete all[name]
      else all[name] = value
    }
    return this.target.client.send({
      method,
      url,
      headers: all,
      body,
      trailers,
    })
  }

  /** Sends the request that starts an upload, whatever comes of it. */
  post(
    headers: Readonly<Record<string, string | undefined>>,
    body?: RequestSpec['body'],
    name = this.target.newName(),
  ): Promise<Response> {
    return this.send('POST', this.target.url, { 'Upload-Metadata': `filename ${base64(name)}`, ...headers }, body)
  }

  /** Starts an upload. */
  async create(
    headers: Readonly<Record<string, string | undefined>>,
    body?: RequestSpec['body'],
    name = this.target.newName(),
  ): Promise<TusUpload> {
    const response = expectStatus(await this.post(headers, body, name), 201)
    const url = new URL(requireHeader(response, 'Location'), this.target.url).href
    this.#started.push(url)
    return { url, name, response }
  }

  /** Starts an upload of a known length. */
  start(length: number): Promise<TusUpload> {
    return this.create({ 'Upload-Length': String(length) })
  }

  /** Sends a PATCH, whatever comes of it. */
  patch(
    url: string,
    offset: number | string,
    body: RequestSpec['body'] = Buffer.alloc(0),
    headers: Readonly<Record<string, string | undefined>> = {},
    trailers?: RequestHeaders,
  ): Promise<Response> {
    const fields = { 'Content-Type': offsetType, 'Upload-Offset': String(offset), ...headers }
    return this.send('PATCH', url, fields, body, trailers)
  }

  /** Appends bytes, and expects the new offset in the response. */
  async append(
    url: string,
    offset: number,
    body: Uint8Array | readonly Uint8Array[],
    headers: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Response> {
    const response = expectStatus(await this.patch(url, offset, body, headers), 204)
    const length = body instanceof Uint8Array ? body.length : body.reduce((sum, piece) => sum + piece.length, 0)
    return expectHeader(response, 'Upload-Offset', String(offset + length))
  }

  head(url: string): Promise<Response> {
    return this.send('HEAD', url)
  }

  /** Fails the case unless the upload has an offset. */
  async expectOffset(url: string, offset: number): Promise<Response> {
    return expectHeader(expectStatus(await this.head(url), 200, 204), 'Upload-Offset', String(offset))
  }

  /** Returns the offset. While another request holds the upload (423), it is asked for again. */
  async offset(url: string): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.head(url)
      if (response.status === 423 && attempt < attempts) {
        await delay(pause)
        continue
      }
      expectStatus(response, 200, 204)
      const offset = Number(requireHeader(response, 'Upload-Offset'))
      if (Number.isSafeInteger(offset)) return offset
      throw new CaseFailure(`HEAD: Upload-Offset is "${response.headers.get('Upload-Offset')}"`)
    }
  }

  /** Sends the rest, as a client that resumes does. Asks for the offset after each failure. */
  async finish(url: string, bytes: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const offset = await this.offset(url)
      expect(offset <= bytes.length, `HEAD: the offset is ${offset}, and ${bytes.length} bytes were declared`)
      if (offset === bytes.length) return
      const response = await this.patch(url, offset, bytes.subarray(offset))
      if ((response.status === 409 || response.status === 423) && attempt < attempts) await delay(pause)
      else expectStatus(response, 204)
    }
  }

  /** Deletes what the case has started, as far as the server lets it. */
  async cleanUp(): Promise<void> {
    if (!this.target.offer.tus?.extensions.includes('termination')) return
    for (const url of this.#started) await this.send('DELETE', url).catch(() => undefined)
  }
}
