import { type ProviderBody, type PutCallOptions, readBody, type WrittenFile } from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { writtenFile } from './properties.js'
import * as scripts from './scripts/files.js'

export async function putFile(
  connection: Connection,
  container: string,
  file: string,
  body: ProviderBody,
  { attributes, checksums, conditions, signal }: PutCallOptions,
): Promise<WrittenFile> {
  const bytes = await readBody(body, signal)
  const stored = [JSON.stringify(attributes), JSON.stringify(checksums)]
  const args = [container, file, bytes, ...stored, conditions.ifMatch ?? '', conditions.ifNoneMatch ?? '']
  return writtenFile(container, file, await connection.script(signal, scripts.putFile, args))
}
