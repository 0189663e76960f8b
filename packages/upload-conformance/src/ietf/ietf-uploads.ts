/** The requests of the IETF's Resumable Uploads for HTTP. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RequestSpec, Response } from '../http/exchange.js'
import { CaseFailure, expect, expectHeader, expectSuccess, requireHeader } from '../suite/checks.js'
import type { Target } from '../suite/target.js'

type Headers = Readonly<Record<string, string | undefined>>

export const partialUpload = 'application/partial-upload'
const attempts = 20
const pause = 250

/** An upload that a case has started. */
export interface IetfUpload {
  readonly url: string
  readonly name: string
  readonly response: Response
}

export class IetfUploads {
  readonly target: Target
  readonly #interop: number | undefined
  readonly #started: string[] = []

  constructor(target: Target, interop: number | undefined) {
    this.target = target
    this.#interop = interop
  }

  /** Makes the headers of a request. One that is `undefined` is left out. */
  headers(given: Headers): Record<string, string> {
    const all: Record<string, string> = {}
    if (this.#interop !== undefined) all['Upload-Draft-Interop-Version'] = String(this.#interop)
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) delete all[name]
      else all[name] = value
    }
    return all
  }

  send(method: string, url: string, headers: Headers = {}, body?: RequestSpec['body']): Promise<Response> {
    const spec = { method, url, headers: this.headers(headers) }
    return this.target.client.send({ ...spec, body })
  }

  /** Sends the request that starts an upload, whatever comes of it. */
  post(headers: Headers, body: RequestSpec['body'] = Buffer.alloc(0), name = this.target.newName()): Promise<Response> {
    return this.send('POST', this.target.url, { ...creationHeaders(name), ...headers }, body)
  }

  /** Starts an upload that is not complete yet. */
  async start(headers: Headers = {}, body?: RequestSpec['body'], name = this.target.newName()): Promise<IetfUpload> {
    const response = expectSuccess(await this.post({ 'Upload-Complete': '?0', ...headers }, body, name))
    const url = new URL(requireHeader(response, 'Location'), this.target.url).href
    this.#started.push(url)
    return { url, name, response }
  }

  /** Sends a PATCH, whatever comes of it. */
  patch(
    url: string,
    offset: number | string,
    isComplete: boolean,
    body: RequestSpec['body'] = Buffer.alloc(0),
    headers: Headers = {},
  ): Promise<Response> {
    const fields = {
      'Content-Type': partialUpload,
      'Upload-Offset': String(offset),
      'Upload-Complete': isComplete ? '?1' : '?0',
    }
    return this.send('PATCH', url, { ...fields, ...headers }, body)
  }

  /** Appends bytes that are not the last ones. */
  async append(url: string, offset: number, body: RequestSpec['body'], headers: Headers = {}): Promise<Response> {
    const response = expectSuccess(await this.patch(url, offset, false, body, headers))
    return expectHeader(response, 'Upload-Complete', '?0')
  }

  /** Appends the last bytes. */
  async complete(url: string, offset: number, body?: RequestSpec['body'], headers: Headers = {}): Promise<Response> {
    const response = expectSuccess(await this.patch(url, offset, true, body, headers))
    return expectHeader(response, 'Upload-Complete', '?1')
  }

  head(url: string): Promise<Response> {
    return this.send('HEAD', url)
  }

  /** Fails the case unless the upload has an offset, and is complete or not. */
  async expectState(url: string, offset: number, isComplete = false): Promise<Response> {
    const response = expectSuccess(await this.head(url))
    expectHeader(response, 'Upload-Offset', String(offset))
    return expectHeader(response, 'Upload-Complete', isComplete ? '?1' : '?0')
  }

  /** Returns the offset. While the server is busy with another request, it is asked for again. */
  async offset(url: string): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.head(url)
      if ([409, 423, 503].includes(response.status) && attempt < attempts) {
        await delay(pause)
        continue
      }
      const text = requireHeader(expectSuccess(response), 'Upload-Offset')
      if (/^\d+$/.test(text)) return Number(text)
      throw new CaseFailure(`HEAD: Upload-Offset is "${text}"`)
    }
  }

  /** Sends the rest, as a client that resumes does. */
  async finish(url: string, bytes: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const offset = await this.offset(url)
      expect(offset <= bytes.length, `HEAD: the offset is ${offset}, and ${bytes.length} bytes were sent`)
      const response = await this.patch(url, offset, true, bytes.subarray(offset))
      if (![409, 423, 503].includes(response.status) || attempt === attempts) {
        expectHeader(expectSuccess(response), 'Upload-Complete', '?1')
        return
      }
      await delay(pause)
    }
  }

  /** Deletes what the case has started, as far as the server lets it. */
  async cleanUp(): Promise<void> {
    for (const url of this.#started) await this.send('DELETE', url).catch(() => undefined)
  }
}

/** How a client names a file: RFC 6266, with the type that the draft recommends. */
export const creationHeaders = (name: string) => ({
  'Content-Disposition': `inline; filename="${name}"`,
  'Content-Type': 'application/octet-stream',
})
