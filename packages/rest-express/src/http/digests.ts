/**
 * Digests that a client sends with a body: Content-MD5 (RFC 1864), Content-Digest and Repr-Digest (RFC 9530). A body is stored as
 * it comes, so its content and its representation are the same bytes.
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Checksums, StorageError } from '@stowage/core'

/** What the body must hash to. */
export interface BodyDigests {
  /** Verified by the storage. */
  readonly checksums: Checksums
  /** In hexadecimal; verified by {@link withSha512}. */
  readonly sha512: string | undefined
}

const digestBytes = { md5: 16, 'sha-256': 32, 'sha-512': 64 } as const
type Algorithm = keyof typeof digestBytes

const isKnown = (algorithm: string): algorithm is Algorithm => Object.hasOwn(digestBytes, algorithm)

/**
 * The digests in a request's headers. Algorithms unknown here are passed over, as RFC 9530 has it. `INVALID_ARGUMENT` for a
 * malformed one; `CHECKSUM_MISMATCH` when two of them contradict each other.
 */
export function parseDigests(headers: IncomingHttpHeaders): BodyDigests {
  const found: Partial<Record<Algorithm, string>> = {}
  const add = (header: string, algorithm: Algorithm, base64: string) => {
    const digest = Buffer.from(base64, 'base64')
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || digest.length !== digestBytes[algorithm]) {
      throw new StorageError('INVALID_ARGUMENT', `${header} holds no ${algorithm} digest in base64`)
    }
    const value = digest.toString('hex')
    if ((found[algorithm] ?? value) !== value) {
      throw new StorageError('CHECKSUM_MISMATCH', `the request's headers hold two different ${algorithm} digests`)
    }
    found[algorithm] = value
  }
  const md5 = headers['content-md5']
  if (typeof md5 === 'string') add('Content-MD5', 'md5', md5.trim())
  for (const name of ['content-digest', 'repr-digest']) {
    const value = headers[name]
    if (value === undefined) continue
    const header = name === 'content-digest' ? 'Content-Digest' : 'Repr-Digest'
    for (const [algorithm, base64] of dictionary(header, String(value))) {
      if (isKnown(algorithm)) add(header, algorithm, base64)
    }
  }
  return {
    checksums: {
      ...(found.md5 === undefined ? {} : { md5: found.md5 }),
      ...(found['sha-256'] === undefined ? {} : { sha256: found['sha-256'] }),
    },
    sha512: found['sha-512'],
  }
}

/** A structured dictionary of byte sequences (RFC 9651, 3.2): `sha-256=:…:, md5=:…:`. */
function dictionary(header: string, value: string): [string, string][] {
  return value.split(',').map((member) => {
    const match = /^[ \t]*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?:;[^,]*)?[ \t]*$/.exec(member)
    if (match === null) throw new StorageError('INVALID_ARGUMENT', `${header} must be of the form sha-256=:base64:`)
    return [match[1] as string, match[2] as string]
  })
}

/** The body, which throws `CHECKSUM_MISMATCH` instead of ending when it has another SHA-512. */
export async function* withSha512(body: AsyncIterable<Uint8Array>, expected: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha512')
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
  const actual = hash.digest('hex')
  if (actual !== expected) {
    throw new StorageError('CHECKSUM_MISMATCH', `the body's sha512 is ${actual}, not ${expected}`)
  }
}
