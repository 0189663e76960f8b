/** The few documents of S3's API that clients with signed requests exchange with the router. */
import type { UploadedPart, WrittenFile } from '@stowage/core'
import { StorageError } from '@stowage/core'

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

const element = (name: string, content: string | number) =>
  `<${name}>${String(content).replace(/[&<>"']/g, (character) => escapes[character] ?? '')}</${name}>`

const document = (name: string, elements: readonly string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${name}>${elements.join('')}</${name}>`

export const startedXml = (container: string, file: string, uploadId: string): string =>
  document('InitiateMultipartUploadResult', [
    element('Bucket', container),
    element('Key', file),
    element('UploadId', uploadId),
  ])

/** @param parts With their ETags. */
export const partsXml = (parts: readonly (UploadedPart & { readonly etag: string })[]): string =>
  document(
    'ListPartsResult',
    parts.map(
      ({ partNumber, size, etag }) =>
        `<Part>${element('PartNumber', partNumber)}${element('Size', size)}${element('ETag', etag)}</Part>`,
    ),
  )

export const completedXml = ({ container, name, etag }: WrittenFile, location: string): string =>
  document('CompleteMultipartUploadResult', [
    element('Location', location),
    element('Bucket', container),
    element('Key', name),
    element('ETag', etag),
  ])

/** Parses `<CompleteMultipartUpload>`: the parts that a client says it has sent. */
export function parseCompletion(xml: string): { partNumber: number; etag: string }[] {
  if (!/<CompleteMultipartUpload\b/.test(xml)) {
    throw new StorageError('INVALID_ARGUMENT', 'the body must be <CompleteMultipartUpload>')
  }
  return Array.from(xml.matchAll(/<Part>(.*?)<\/Part>/gs), ([, part = '']) => {
    const [, partNumber] = /<PartNumber>\s*(\d{1,9})\s*<\/PartNumber>/.exec(part) ?? []
    const [, etag] = /<ETag>\s*(?:&quot;|&#34;|")?([^<"&]*)(?:&quot;|&#34;|")?\s*<\/ETag>/.exec(part) ?? []
    if (partNumber === undefined || etag === undefined) {
      throw new StorageError('INVALID_ARGUMENT', 'a <Part> must have a <PartNumber> and an <ETag>')
    }
    return { partNumber: Number(partNumber), etag }
  })
}
