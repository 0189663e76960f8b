/**
 * The URL of a resumable upload ends with a ticket: everything about the upload that never changes,
 * encrypted and authenticated, so that the server keeps no state and clients can neither read nor
 * change it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { type BodyChecksum, type ResumableUpload, StorageError } from '@stowage/core'

/** What a ticket says. */
export interface Ticket {
  readonly upload: ResumableUpload
  /**
   * The upload was joined from others: its size in bytes, and the `Upload-Concat` of its creation.
   */
  readonly joined?: { readonly size: number; readonly concat: string }
  /** Milliseconds since the epoch. */
  readonly expires: number
  /** The client's `Upload-Metadata`, as it was sent. */
  readonly metadata?: string
  /** Whether a request without a field of either protocol is of the IETF's. */
  readonly ietf?: true
  /**
   * Whether the client learned the URL from an interim response, so that it knows how to resume.
   */
  readonly interim?: true
  /**
   * The checksum that the whole file must have; without a value, one that the client wants to know.
   */
  readonly digest?: Partial<BodyChecksum> & Pick<BodyChecksum, 'algorithm'>
  /** The owner of the upload, if the application names owners. */
  readonly owner?: string
}

/** The version of the tickets' content. A ticket of another version is unknown. */
const version = 1
const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

const leastSecretLength = 32

/**
 * Checks secrets.
 *
 * @param option The option that has them, such as `resumable`.
 * @throws `INVALID_ARGUMENT`.
 */
export function checkSecrets(option: string, secrets: readonly string[]): void {
  const invalid = (message: string) =>
    new StorageError('INVALID_ARGUMENT', `${option}.secrets must be ${message}`, {
      details: { property: `${option}.secrets` },
    })
  if (!Array.isArray(secrets) || secrets.length === 0) throw invalid('a list with at least one secret')
  for (const secret of secrets) {
    if (typeof secret !== 'string' || secret.length < leastSecretLength) {
      throw invalid(`texts of ${leastSecretLength} characters or more`)
    }
  }
}

/** Seals and opens tickets. */
export class Tickets<Content extends object = Ticket> {
  readonly #keys: readonly Buffer[]

  /**
   * @param secrets The first one seals; all of them open. At least one.
   * @param purpose Tickets of another purpose are unknown.
   */
  constructor(secrets: readonly string[], purpose = 'stowage upload ticket') {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
  }

  /** Returns the ticket as a text that is safe in a URL. */
  seal(ticket: Content): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv(algorithm, this.#keys[0] as Buffer, nonce)
    const sealed = cipher.update(JSON.stringify({ version, ...ticket }))
    return Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** Returns the ticket; `undefined` for a text that no current secret has sealed. */
  open(text: string): Content | undefined {
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== text) return undefined
    for (const key of this.#keys) {
      const opened = decrypt(key, bytes)
      if (opened === undefined) continue
      const { version: found, ...ticket } = JSON.parse(opened) as Content & { version: number }
      return found === version ? (ticket as unknown as Content) : undefined
    }
    return undefined
  }
}

function decrypt(key: Buffer, bytes: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    const opened = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
    return Buffer.concat([opened, decipher.final()]).toString()
  } catch {
    return undefined
  }
}
