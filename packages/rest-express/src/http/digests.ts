/**
 * Digests in request headers: Content-MD5 (RFC 1864), Content-Digest and Repr-Digest (RFC 9530). A
 * body is stored unchanged, so its content and its representation are the same bytes.
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Checksums, StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'

/** The digests that the body must have. */
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
 * The digests in the headers of a request. Unknown algorithms are ignored, as RFC 9530 specifies.
 * Throws `INVALID_ARGUMENT` for a malformed digest, and `CHECKSUM_MISMATCH` if two of them
 * contradict each other.
 */
export function parseDigests(headers: IncomingHttpHeaders): BodyDigests {
  const found: Partial<Record<Algorithm, string>> = {}
  const add = (header: string, algorithm: Algorithm, base64: string) => {
    const digest = Buffer.from(base64, 'base64')
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || digest.length !== digestBytes[algorithm]) {
      throw new StorageError('INVALID_ARGUMENT', `${header} must contain a ${algorithm} digest in base64`)
    }
    const value = digest.toString('hex')
    if ((found[algorithm] ?? value) !== value) {
      throw new StorageError('CHECKSUM_MISMATCH', `the request has two different ${algorithm} digests`)
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
    checksums: defined({ md5: found.md5, sha256: found['sha-256'] }),
    sha512: found['sha-512'],
  }
}

/** A structured dictionary of byte sequences (RFC 9651, 3.2): `sha-256=:…:, md5=:…:`. */
function dictionary(header: string, value: string): [string, string][] {
  return value.split(',').map((member) => {
    const match = /^[ \t]*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?:;[^,]*)?[ \t]*$/.exec(member)
    if (match === null) throw new StorageError('INVALID_ARGUMENT', `${header} must have the form sha-256=:base64:`)
    return [match[1] as string, match[2] as string]
  })
}

/** The body, which throws `CHECKSUM_MISMATCH` instead of ending if its SHA-512 differs. */
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
