import {
  attributesOf,
  type CopyCallOptions,
  checkReadConditions,
  type FileLocation,
  type WrittenFile,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { translated } from './errors.js'
import { headersOf, infoOf } from './info.js'

export async function copyFile(
  { client }: Connection,
  source: FileLocation,
  target: FileLocation,
  { attributes, conditions, ifSourceMatch, signal }: CopyCallOptions,
): Promise<WrittenFile> {
  const object = await translated(client.getObject(source.container, source.file), { ...source, signal })
  const info = infoOf(source, object)
  if (ifSourceMatch !== undefined) checkReadConditions(info, { ifMatch: ifSourceMatch })
  const { metadata, ...headers } = attributes ?? attributesOf(info)
  const copy = { bytes: object.bytes, headers: headersOf({ ...headers, metadata }), metadata }
  const written = client.putObject(target.container, target.file, copy, conditions)
  const stored = await translated(written, { ...target, signal })
  return infoOf(target, stored)
}
