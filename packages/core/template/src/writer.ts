import { type ProviderBody, type PutCallOptions, readBody, type WrittenFile } from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { translated } from './errors.js'
import { headersOf, infoOf } from './info.js'

export async function putFile(
  { client }: Connection,
  container: string,
  file: string,
  body: ProviderBody,
  { attributes, conditions, signal }: PutCallOptions,
): Promise<WrittenFile> {
  const bytes = await readBody(body, signal)
  const object = { bytes, headers: headersOf(attributes), metadata: attributes.metadata }
  const stored = await translated(client.putObject(container, file, object, conditions), { container, file, signal })
  return infoOf({ container, file }, stored)
}
