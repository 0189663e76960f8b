import type { CopyCallOptions, FileLocation, WrittenFile } from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { errorOf } from './errors.js'
import { writtenFile } from './properties.js'
import * as scripts from './scripts/files.js'

export const copyFile = (
  connection: Connection,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
) => copy(connection, source, target, options, '')

export const moveFile = (
  connection: Connection,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
) => copy(connection, source, target, options, '1')

async function copy(
  connection: Connection,
  source: FileLocation,
  target: FileLocation,
  { attributes, conditions, ifSourceMatch = '', signal }: CopyCallOptions,
  removesSource: '' | '1',
): Promise<WrittenFile> {
  const stored = attributes === undefined ? '' : JSON.stringify(attributes)
  const names = [source.container, source.file, target.container, target.file]
  const args = [...names, ifSourceMatch, stored, conditions.ifMatch ?? '', conditions.ifNoneMatch ?? '', removesSource]
  const written = await connection.script(signal, scripts.copyFile, args).catch((error: unknown) => {
    throw errorOf(error, source)
  })
  return writtenFile(target.container, target.file, written)
}
