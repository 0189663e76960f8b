/**
 * The URL of a resumable upload ends with a ticket: everything about the upload that never changes,
 * encrypted and authenticated, so that the server keeps no state and clients can neither read nor
 * change it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { ResumableUpload } from '@stowage/core'

/** What a ticket says. */
export interface Ticket {
  readonly upload: ResumableUpload
  /** The upload was joined from others: its size in bytes, and the `Upload-Concat` of its creation. */
  readonly joined?: { readonly size: number; readonly concat: string }
  /** Milliseconds since the epoch. */
  readonly expires: number
  /** The client's `Upload-Metadata`, as it was sent. */
  readonly metadata?: string
  /** The owner of the upload, if the application names owners. */
  readonly owner?: string
}

/** The version of the tickets' content. A ticket of another version is unknown. */
const version = 1
const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** Seals and opens tickets. */
export class Tickets {
  readonly #keys: readonly Buffer[]

  /** @param secrets The first one seals; all of them open. At least one. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'stowage upload ticket', 32)))
  }

  /** Returns the ticket as a text that is safe in a URL. */
  seal(ticket: Ticket): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv(algorithm, this.#keys[0] as Buffer, nonce)
    const sealed = cipher.update(JSON.stringify({ version, ...ticket }))
    return Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** Returns the ticket; `undefined` for a text that no current secret has sealed. */
  open(text: string): Ticket | undefined {
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== text) return undefined
    for (const key of this.#keys) {
      const opened = decrypt(key, bytes)
      if (opened === undefined) continue
      const { version: found, ...ticket } = JSON.parse(opened) as Ticket & { version: number }
      return found === version ? ticket : undefined
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
