/**
 * The digest of a whole file, whose upload may take several requests.
 *
 * - Of a file that arrives in one request that cannot be continued, it is computed on the way, and
 *   verified before the file appears.
 * - Of another upload with a digest, all bytes are hidden until the last one has arrived, and read
 *   before the file appears, like those that a policy scans.
 * - A digest that the client only wants to know is that of the complete file.
 */
import { createHash, type Hash } from 'node:crypto'
import {
  type BodyChecksum,
  StorageError,
  type StorageService,
  type UploadPolicy,
  type WrittenFile,
} from '@stowage/core'
import { wantedDigest, wholeDigest } from '../http/digests.js'
import type { HttpRequest } from '../http/messages.js'
import type { Ticket } from './ticket.js'

type StatedDigest = NonNullable<Ticket['digest']>

/** What the request that starts an upload states or wants to know of the whole file. */
export function statedDigest({ headers }: HttpRequest): StatedDigest | undefined {
  const algorithm = wantedDigest(headers)
  return wholeDigest(headers) ?? (algorithm && { algorithm })
}

/** Returns the policies that refuse a file with another digest; none if no digest is stated. */
export function digestPolicies(digest: StatedDigest | undefined): readonly UploadPolicy[] {
  if (digest?.value === undefined) return []
  return [
    {
      scan: async (content) => {
        const found = new FileDigest(digest)
        for await (const _ of found.through(content));
        found.verify()
        return { clean: true }
      },
    },
  ]
}

export class FileDigest {
  readonly #digest: StatedDigest
  readonly #hash: Hash
  #actual: BodyChecksum | undefined

  constructor(digest: StatedDigest) {
    this.#digest = digest
    this.#hash = createHash(digest.algorithm)
  }

  /** The digest of the whole file; `undefined` before it was computed. */
  get actual(): BodyChecksum | undefined {
    return this.#actual
  }

  /** Yields the bytes of a file, and computes their digest. */
  async *through(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#hash.update(chunk)
      yield chunk
    }
  }

  /** Fails with `CHECKSUM_MISMATCH` if the bytes that were read have another digest. */
  verify(): void {
    const { algorithm, value } = this.#digest
    this.#actual = { algorithm, value: this.#hash.digest('hex') }
    if (value === undefined || value === this.#actual.value) return
    throw new StorageError('CHECKSUM_MISMATCH', `the file's ${algorithm} is ${this.#actual.value}, not ${value}`)
  }

  /**
   * The file is complete: its digest is the stated one, which was verified, or that of its bytes.
   */
  async complete(storage: StorageService, { container, name, etag }: WrittenFile): Promise<void> {
    const { algorithm, value } = this.#digest
    if (value === undefined) {
      const file = await storage.openFile(container, name, { ifMatch: etag })
      for await (const chunk of file.stream) this.#hash.update(chunk)
    }
    this.#actual = { algorithm, value: value ?? this.#hash.digest('hex') }
  }
}
