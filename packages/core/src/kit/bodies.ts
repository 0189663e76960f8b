/** Bodies of writes, for services that need all bytes at once. */
import { Readable } from 'node:stream'
import type { ProviderBody } from '../contract/provider.js'
import { freeChunk } from './chunk-memory.js'

/**
 * Returns a copy of a body's bytes, which the provider may keep: core reuses the memory of a body
 * when the call has settled. Fails at once if the signal is aborted, and with the error of a body
 * that fails.
 *
 * @example
 * const bytes = await readBody(new TextEncoder().encode('sea'), new AbortController().signal)
 * bytes.length // 3
 */
export async function readBody(body: ProviderBody, signal: AbortSignal): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return Uint8Array.from(body)
  const received: Uint8Array[] = []
  for await (const chunk of Readable.from(body, { signal })) {
    received.push(Uint8Array.from(chunk))
    freeChunk(chunk)
  }
  return Buffer.concat(received)
}
