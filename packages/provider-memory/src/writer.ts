import { Readable } from 'node:stream'
import type { ProviderBody, PutCallOptions, WrittenFile } from '@stowage/core/provider'
import { containerOf, type Memory, write } from './memory.js'

export async function putFile(
  memory: Memory,
  container: string,
  file: string,
  body: ProviderBody,
  options: PutCallOptions,
): Promise<WrittenFile> {
  containerOf(memory, container)
  const content = await bytesOf(body, options.signal)
  return write(memory, { container, file }, content, options)
}

/**
 * Returns a copy of a body, because the caller may change its bytes later. Stops reading an
 * iterable at once if the signal is aborted.
 */
export async function bytesOf(body: ProviderBody, signal: AbortSignal): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return Uint8Array.from(body)
  const received: Uint8Array[] = []
  for await (const chunk of Readable.from(body, { signal })) received.push(Uint8Array.from(chunk))
  return Buffer.concat(received)
}
