import { Readable } from 'node:stream'
import {
  checkReadConditions,
  type FileInfo,
  type OpenCallOptions,
  type OpenFile,
  type ReadCallOptions,
  resolveRange,
} from '@stowage/core/provider'
import { containerOf, type Memory } from './memory.js'

/** Bytes of one chunk of a stream. */
const chunkSize = 256 * 1024

export async function getFile(
  memory: Memory,
  container: string,
  file: string,
  { conditions }: ReadCallOptions,
): Promise<FileInfo> {
  const { info } = containerOf(memory, container).file(file)
  checkReadConditions(info, conditions)
  return structuredClone(info)
}

export async function openFile(
  memory: Memory,
  container: string,
  file: string,
  { conditions, range }: OpenCallOptions,
): Promise<OpenFile> {
  const { info, content } = containerOf(memory, container).file(file)
  checkReadConditions(info, conditions)
  const { offset, length } = resolveRange(range, content.length)
  const part = content.subarray(offset, offset + length)
  const opened = { info: structuredClone(info), offset, length }
  if (length <= chunkSize) return { ...opened, bytes: Uint8Array.from(part) }
  return { ...opened, stream: Readable.from(chunks(part), { objectMode: false }) }
}

/** Yields copies, so that a reader can change them without a change of the stored content. */
function* chunks(content: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += chunkSize) {
    yield Uint8Array.from(content.subarray(offset, offset + chunkSize))
  }
}
