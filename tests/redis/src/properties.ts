import type { FileInfo, WrittenFile } from '@stowage/core/provider'

export interface StoredFile {
  readonly info: FileInfo
  /** Names the content. */
  readonly version: string
  readonly replaced: boolean
}

/** The properties of a file, of what a script returns. */
export function storedFile(container: string, name: string, returned: unknown): StoredFile {
  const values = (returned as readonly Buffer[]).map(String)
  const [version, etag, mtime, size, attributes, checksums, replaced] = values as [
    string,
    string,
    string,
    string,
    string,
    string,
    string?,
  ]
  const info = {
    ...(JSON.parse(attributes) as Pick<FileInfo, 'contentType' | 'metadata'>),
    container,
    name,
    size: Number(size),
    mtime: new Date(Number(mtime)),
    etag,
    checksums: JSON.parse(checksums) as FileInfo['checksums'],
  }
  return { info, version, replaced: replaced === '1' }
}

export function writtenFile(container: string, name: string, returned: unknown): WrittenFile {
  const { info, replaced } = storedFile(container, name, returned)
  return { ...info, replaced }
}
