import { randomUUID } from 'node:crypto'
import {
  type CallOptions,
  type CompleteUploadCallOptions,
  decodePosition,
  isName,
  type ListCallOptions,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type ProviderBody,
  pageAfter,
  readBody,
  type StartUploadCallOptions,
  type UploadedPart,
  type UploadPage,
  type UploadPartCallOptions,
  type WrittenFile,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { writtenFile } from './properties.js'
import { rangeOf } from './ranges.js'
import * as scripts from './scripts/uploads.js'

const namesOf = ({ container, file, id }: PartUploadReference) => [container, file, id]

export async function startUpload(
  connection: Connection,
  container: string,
  file: string,
  { attributes, checksums, partSize, signal }: StartUploadCallOptions,
): Promise<PartUpload> {
  const upload = { container, file, id: randomUUID(), partSize }
  const properties = [String(partSize), JSON.stringify(attributes), JSON.stringify(checksums)]
  await connection.script(signal, scripts.startUpload, [...namesOf(upload), ...properties])
  return upload
}

export async function uploadPart(
  connection: Connection,
  upload: PartUpload,
  body: ProviderBody,
  { partNumber, signal }: UploadPartCallOptions,
): Promise<UploadedPart> {
  const bytes = await readBody(body, signal)
  const tag = await connection.script(signal, scripts.uploadPart, [...namesOf(upload), String(partNumber), bytes])
  return { partNumber, size: bytes.length, tag: String(tag) }
}

export async function listParts(
  connection: Connection,
  upload: PartUploadReference,
  { limit, next, signal }: ListCallOptions,
): Promise<PartPage> {
  const after = decodePosition(next, isName)
  const found = ((await connection.script(signal, scripts.listParts, namesOf(upload))) as Buffer[]).map(String)
  const parts = Array.from({ length: found.length / 2 }, (_, index) => partOf(found[2 * index], found[2 * index + 1]))
  const sorted = parts.toSorted((a, b) => a.partNumber - b.partNumber)
  return pageAfter(sorted, ({ partNumber }) => String(partNumber).padStart(5, '0'), { limit, after })
}

function partOf(number: string | undefined, stored = ''): UploadedPart {
  const [tag = '', size] = stored.split(' ')
  return { partNumber: Number(number), size: Number(size), tag }
}

export async function completeUpload(
  connection: Connection,
  upload: PartUpload,
  { parts, conditions, signal }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const tags = parts.map(({ tag }) => tag)
  const args = [...namesOf(upload), conditions.ifMatch ?? '', conditions.ifNoneMatch ?? '', ...tags]
  return writtenFile(upload.container, upload.file, await connection.script(signal, scripts.completeUpload, args))
}

export async function abortUpload(
  connection: Connection,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  await connection.script(signal, scripts.abortUpload, namesOf(upload))
}

export async function listUploads(
  connection: Connection,
  container: string,
  { prefix, limit, next, signal }: ListCallOptions & { readonly prefix: string },
): Promise<UploadPage> {
  const after = decodePosition(next, isName)
  const args = [container, ...rangeOf(prefix, after), String(limit + 1)]
  const found = (await connection.script(signal, scripts.listUploads, args)) as [Buffer, Buffer, Buffer][]
  const uploads = found.map(([member, partSize, started]) => ({
    member: String(member),
    upload: {
      container,
      ...fileAndId(String(member)),
      partSize: Number(String(partSize)),
      started: new Date(Number(String(started))),
    },
  }))
  const page = pageAfter(uploads, ({ member }) => member, { limit, after })
  return { ...page, entries: page.entries.map(({ upload }) => upload) }
}

function fileAndId(member: string): { readonly file: string; readonly id: string } {
  const end = member.lastIndexOf('\0')
  return { file: member.slice(0, end), id: member.slice(end + 1) }
}
