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
  { attributes, conditions, ifSourceMatch }: CopyCallOptions,
): Promise<WrittenFile> {
  const object = await translated(client.getObject(source.container, source.file), source.container, source.file)
  const info = infoOf(source, object)
  if (ifSourceMatch !== undefined) checkReadConditions(info, { ifMatch: ifSourceMatch })
  const { metadata, ...headers } = attributes ?? attributesOf(info)
  const copy = { bytes: object.bytes, headers: headersOf({ ...headers, metadata }), metadata }
  const stored = await translated(
    client.putObject(target.container, target.file, copy, conditions),
    target.container,
    target.file,
  )
  return infoOf(target, stored)
}
