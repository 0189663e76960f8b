/** The server that is tested. */
import { randomUUID } from 'node:crypto'
import { HttpClient } from '../http/exchange.js'
import { CaseFailure, expect } from './checks.js'
import type { Offer } from './offer.js'
import { defaultTimeout, type TargetOptions } from './options.js'

export class Target {
  /** The URL at which uploads are created. */
  readonly url: string
  readonly client: HttpClient
  readonly offer: Offer
  /** The version of the IETF's drafts. */
  readonly interop: number | undefined
  readonly #content: string | undefined

  constructor(url: string, { headers = {}, content, timeout = defaultTimeout, interop }: TargetOptions, offer: Offer) {
    this.url = url
    this.client = new HttpClient(headers, timeout)
    this.offer = offer
    this.interop = interop
    this.#content = content
  }

  /** A name that no other upload has. */
  newName(): string {
    return `upload-conformance-${randomUUID()}.bin`
  }

  /** Fails the case unless the complete file has these bytes. */
  async expectContent(upload: string, name: string, bytes: Uint8Array): Promise<void> {
    const template = this.#content ?? ''
    const url = template.replaceAll('{name}', encodeURIComponent(name)).replaceAll('{upload}', upload)
    const { status, body } = await this.client.send({ method: 'GET', url })
    if (status !== 200) throw new CaseFailure(`GET of the content: ${status}, expected 200`)
    const actual = Buffer.from(body, 'latin1')
    expect(actual.equals(bytes), `the content has ${actual.length} bytes that are not the ${bytes.length} sent`)
  }
}
