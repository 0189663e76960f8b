/**
 * The digest of a whole file, whose upload may take several requests. Of a file that arrives in one
 * request, it is computed on the way, and verified before the file appears. Otherwise the complete
 * file is read.
 */
import { createHash, type Hash } from 'node:crypto'
import { type BodyChecksum, StorageError, type StorageService, type WrittenFile } from '@stowage/core'
import { wantedDigest, wholeDigest } from '../http/digests.js'
import type { HttpRequest } from '../http/messages.js'
import type { Ticket } from './ticket.js'

/** What the request that starts an upload states or wants to know of the whole file. */
export function statedDigest({ headers }: HttpRequest): Ticket['digest'] {
  const algorithm = wantedDigest(headers)
  return wholeDigest(headers) ?? (algorithm && { algorithm })
}

export class FileDigest {
  readonly #digest: NonNullable<Ticket['digest']>
  readonly #hash: Hash
  #actual: BodyChecksum | undefined

  constructor(digest: NonNullable<Ticket['digest']>) {
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

  /** Reads a complete file. Deletes it if it has another digest, and fails with `CHECKSUM_MISMATCH`. */
  async read(storage: StorageService, { container, name, etag }: WrittenFile): Promise<void> {
    const file = await storage.openFile(container, name, { ifMatch: etag })
    for await (const chunk of file.stream) this.#hash.update(chunk)
    try {
      this.verify()
    } catch (error) {
      await storage.removeFile(container, name, { ifMatch: etag })
      throw error
    }
  }
}
