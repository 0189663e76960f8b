import {
  attributesOf,
  type CopyCallOptions,
  checkWriteConditions,
  defined,
  type FileLocation,
  type WrittenFile,
} from '@stowage/core/provider'
import { containerOf, type Memory, write } from './memory.js'

export async function copyFile(
  memory: Memory,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const { info, content } = containerOf(memory, source.container).file(source.file)
  checkWriteConditions(info, defined({ ifMatch: options.ifSourceMatch }))
  const { checksums } = info
  const attributes = options.attributes ?? attributesOf(info)
  return write(memory, target, content, { attributes, checksums, conditions: options.conditions })
}
