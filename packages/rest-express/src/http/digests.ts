/**
 * Digests in request headers: Content-MD5 (RFC 1864), Content-Digest and Repr-Digest (RFC 9530). A
 * body is stored unchanged, so its content and its representation are the same bytes.
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type BodyChecksum, type Checksums, StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { parseDictionary, serializeDictionary } from 'structured-headers'

/** The digests that the body must have. */
export interface BodyDigests {
  /** Verified by the storage. */
  readonly checksums: Checksums
  /** In hexadecimal; verified by {@link withSha512}. */
  readonly sha512: string | undefined
}

/** The algorithms that are verified, the weakest first. */
const algorithms = {
  md5: { bytes: 16, name: 'md5' },
  'sha-256': { bytes: 32, name: 'sha256' },
  'sha-512': { bytes: 64, name: 'sha512' },
} as const
type Algorithm = keyof typeof algorithms
type Digests = Partial<Record<Algorithm, string>>

const isKnown = (algorithm: string): algorithm is Algorithm => Object.hasOwn(algorithms, algorithm)

/**
 * The digests in the headers of a request. Unknown algorithms are ignored, as RFC 9530 specifies.
 * Throws `INVALID_ARGUMENT` for a malformed digest, and `CHECKSUM_MISMATCH` if two of them
 * contradict each other.
 */
export function parseDigests(headers: IncomingHttpHeaders): BodyDigests {
  const found = digestsIn(headers, ['Content-MD5', 'Content-Digest', 'Repr-Digest'])
  return {
    checksums: defined({ md5: found.md5, sha256: found['sha-256'] }),
    sha512: found['sha-512'],
  }
}

/** The strongest digest of the body of this request alone, for a body that is a part of a file. */
export const contentDigest = (headers: IncomingHttpHeaders): BodyChecksum | undefined =>
  strongest(digestsIn(headers, ['Content-MD5', 'Content-Digest']))

/** The strongest digest of the whole file. */
export const wholeDigest = (headers: IncomingHttpHeaders): BodyChecksum | undefined =>
  strongest(digestsIn(headers, ['Repr-Digest']))

/** The algorithm that the client prefers for the digest of the whole file (RFC 9530, 4). */
export function wantedDigest(headers: IncomingHttpHeaders): BodyChecksum['algorithm'] | undefined {
  const header = headers['want-repr-digest']
  if (typeof header !== 'string') return undefined
  let wanted: { readonly algorithm: Algorithm; readonly preference: number } | undefined
  try {
    for (const [algorithm, [preference]] of parseDictionary(header)) {
      if (!isKnown(algorithm) || typeof preference !== 'number' || preference <= (wanted?.preference ?? 0)) continue
      wanted = { algorithm, preference }
    }
  } catch {
    // A malformed preference is none.
  }
  return wanted && algorithms[wanted.algorithm].name
}

/** A digest as a header shows it. */
export function digestHeader({ algorithm, value }: BodyChecksum): string {
  const name = Object.keys(algorithms).find((each) => algorithms[each as Algorithm].name === algorithm)
  return serializeDictionary({ [name ?? algorithm]: new Uint8Array(Buffer.from(value, 'hex')) })
}

function strongest(found: Digests): BodyChecksum | undefined {
  for (const algorithm of Object.keys(algorithms).reverse()) {
    const value = found[algorithm as Algorithm]
    if (value !== undefined) return { algorithm: algorithms[algorithm as Algorithm].name, value }
  }
  return undefined
}

function digestsIn(headers: IncomingHttpHeaders, names: readonly string[]): Digests {
  const found: Digests = {}
  for (const name of names) {
    const header = headers[name.toLowerCase()]
    if (typeof header !== 'string') continue
    for (const [algorithm, digest] of name === 'Content-MD5' ? md5(header) : dictionary(name, header)) {
      if (!isKnown(algorithm)) continue
      if (digest.length !== algorithms[algorithm].bytes) {
        throw new StorageError('INVALID_ARGUMENT', `${name} must contain a ${algorithm} digest in base64`)
      }
      const value = digest.toString('hex')
      if ((found[algorithm] ?? value) !== value) {
        throw new StorageError('CHECKSUM_MISMATCH', `the request has two different ${algorithm} digests`)
      }
      found[algorithm] = value
    }
  }
  return found
}

/** Content-MD5 is Base64 alone. Other characters make it as long as no digest is. */
function md5(header: string): [string, Buffer][] {
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(header.trim())
  return [['md5', isBase64 ? Buffer.from(header, 'base64') : Buffer.alloc(0)]]
}

/** A structured dictionary of byte sequences (RFC 9651, 3.2): `sha-256=:…:, md5=:…:`. */
function dictionary(name: string, header: string): [string, Buffer][] {
  try {
    return [...parseDictionary(header)].map(([algorithm, [value]]) => {
      if (!(value instanceof ArrayBuffer)) throw new TypeError('a digest is a byte sequence')
      return [algorithm, Buffer.from(value)]
    })
  } catch (cause) {
    throw new StorageError('INVALID_ARGUMENT', `${name} must have the form sha-256=:base64:`, { cause })
  }
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
