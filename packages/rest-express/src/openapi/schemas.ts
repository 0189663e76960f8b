/**
 * The bodies of requests and responses as JSON Schema (2020-12): the components of the OpenAPI
 * description.
 */

import { defined, headerAttributes, mapHeaderAttributes } from '@stowage/core/provider'

/** A JSON Schema, or a reference to one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

export const schemaRef = (name: SchemaName): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

const text = (description: string, example?: string): JsonSchema => ({
  type: 'string',
  description,
  ...defined({ examples: example && [example] }),
})

const time = (description: string): JsonSchema => ({ type: 'string', format: 'date-time', description })

const bytes = (description: string): JsonSchema => ({ type: 'integer', minimum: 0, description })

function object(
  description: string,
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
  additionalProperties: boolean | JsonSchema = false,
): JsonSchema {
  return { type: 'object', description, properties, required, additionalProperties }
}

const container = text("The container's name.", 'photos')
const fileName: JsonSchema = {
  type: 'string',
  minLength: 1,
  description: 'A file name: any string of 1 to 1,024 bytes in UTF-8. Slashes separate folders.',
  examples: ['2024/cat.jpg'],
}
const etag = text('The version of the content, with quotes.', '"5d41402abc4b2a76"')
const times = {
  atime: time('The time of the last access; only for a plain directory.'),
  mtime: time('The time of the last write of the content.'),
  ctime: time('The time of the last change of the inode; only for a plain directory.'),
}

/** The attributes that a write sets and a read returns. */
const attributes = {
  contentType: text('The media type.', 'image/jpeg'),
  ...mapHeaderAttributes((name) =>
    text(`\`${headerAttributes[name].header}\` of downloads.`, headerAttributes[name].example),
  ),
  contentDisposition: text(
    '`Content-Disposition` of downloads, unless it is less strict than the default of the file.',
  ),
  metadata: {
    type: 'object',
    description: 'Custom key-value pairs. Keys are case-insensitive and returned in lower case.',
    additionalProperties: { type: 'string' },
    examples: [{ author: 'Ada' }],
  },
} as const

const fileProperties = {
  container,
  name: fileName,
  size: bytes('Bytes.'),
  ...times,
  created: time('The time of creation, if the storage provides it.'),
  etag,
  ...attributes,
  checksums: object(
    'The checksums that the storage keeps, in lower-case hexadecimal.',
    {
      md5: { type: 'string', pattern: '^[0-9a-f]{32}$' },
      sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
      crc32c: { type: 'string', pattern: '^[0-9a-f]{8}$' },
    },
    [],
  ),
}
const writtenFile = ['container', 'name', 'size', 'etag', 'contentType', 'metadata', 'checksums']

const errorProperties = {
  code: text('A stable error code for programs.', 'FILE_NOT_FOUND'),
  message: text('A message for people.'),
}

const refusalProperties = {
  rule: {
    enum: ['maxSize', 'types', 'names', 'content', 'image', 'scan', 'quota'],
    description: 'The rule of the upload policy that refused the file. The message may be shown to the uploader.',
  },
  found: text('The media type that was found in the file.', 'text/html'),
  left: { type: 'integer', minimum: 0, description: 'Bytes that the owner may still store.' },
  size: { type: 'integer', minimum: 0, description: 'The limit that was exceeded, in bytes.' },
} as const satisfies Record<string, JsonSchema>

const error = object(
  'An error.',
  {
    statusCode: { type: 'integer', minimum: 400, maximum: 599, description: 'The status of the response.' },
    name: { const: 'Error', description: "Always the same, for clients of LoopBack's storage component." },
    ...errorProperties,
    details: object('Only if an upload policy refused the file.', refusalProperties, ['rule']),
  },
  ['statusCode', 'name', 'message', 'code'],
)

const copyTarget: JsonSchema = {
  ...object(
    'The target: a container, a file name, or both. A missing one is that of the source.',
    { container, file: fileName },
    [],
  ),
  examples: [{ container: 'archive', file: '2024/cat.jpg' }],
}

const lists = (items: JsonSchema): JsonSchema => ({
  type: 'object',
  additionalProperties: { type: 'array', items },
})

const names = (description: string): JsonSchema => ({
  type: 'array',
  items: fileName,
  minItems: 1,
  description,
})

const partNumber: JsonSchema = { type: 'integer', minimum: 1, description: 'The number of the part, from 1.' }

const directUpload = {
  container,
  file: fileName,
  size: bytes('Bytes of the file.'),
  partSize: bytes('Bytes of every part but the last.'),
  count: { type: 'integer', minimum: 0, description: 'The number of parts.' },
  expires: time('When the upload expires.'),
} as const

const directUploadNames = ['container', 'file', 'partSize', 'count', 'parts', 'expires', 'size']

const directPart = object(
  'A part, and where to send it.',
  {
    partNumber,
    size: bytes('Bytes.'),
    url: text('Absolute.'),
    method: { const: 'PUT' },
    headers: {
      type: 'object',
      description: 'Headers that the request must have.',
      additionalProperties: { type: 'string' },
    },
    expires: time('When the URL expires.'),
  },
  ['partNumber', 'url', 'method', 'headers', 'expires'],
)

export const schemas = {
  Container: {
    ...object(
      'A container. Every storage returns its name, a plain directory also its size and times, and some storages more.',
      { name: container, size: bytes('The size of the directory.'), ...times, created: time('The time of creation.') },
      ['name'],
      true,
    ),
    examples: [{ name: 'photos' }],
  },
  NewContainer: object('A container to create.', { name: container }, ['name'], true),
  File: object('The information about a file.', fileProperties, [...writtenFile, 'mtime']),
  WrittenFile: object(
    'The information about a file that was just written. `mtime` is absent if the storage returns it only in a further request.',
    fileProperties,
    writtenFile,
  ),
  FileEntry: object('A file in a list.', { container, name: fileName, size: bytes('Bytes.'), ...times, etag }, [
    'container',
    'name',
    'size',
    'mtime',
  ]),
  FolderEntry: object(
    'In a list with a delimiter: all names that are equal up to the next delimiter.',
    { container, name: text('The shared prefix, with the delimiter.', '2024/'), folder: { const: true } },
    ['container', 'name', 'folder'],
  ),
  Form: object(
    'A form with any fields, some of them files.',
    {
      file: {
        type: 'array',
        items: { type: 'string', contentMediaType: 'application/octet-stream' },
        description: 'Files. Any other field may also contain files.',
      },
    },
    [],
    true,
  ),
  UploadedFile: object(
    'A stored file of a form.',
    {
      container,
      name: fileName,
      type: text('The media type.', 'image/jpeg'),
      field: text('The field of the form.', 'picture'),
      size: bytes('Bytes.'),
      originalFilename: text("The client's name for the file, if it was stored under another name."),
      acl: text('The access list, if the server set one.'),
    },
    ['container', 'name', 'type', 'field', 'size'],
  ),
  UploadResponse: object(
    'The result of a form upload.',
    {
      result: object(
        'Files and fields, by field name.',
        {
          files: lists(schemaReference('UploadedFile')),
          fields: lists({ type: 'string' }),
        },
        ['files', 'fields'],
      ),
    },
    ['result'],
  ),
  Copy: object(
    'A file to copy or move.',
    {
      file: fileName,
      to: copyTarget,
      attributes: {
        ...object('Attributes that replace all attributes of the source.', attributes, []),
        examples: [{ contentType: 'image/jpeg' }],
      },
    },
    ['file', 'to'],
    true,
  ),
  Removal: object('Files to delete.', { files: { ...names('Their names.'), maxItems: 1000 } }, ['files'], true),
  RemovalOutcome: object(
    'The outcome for one file; without an error, the file does not exist any more.',
    { file: fileName, error },
    ['file'],
  ),
  NewDirectUpload: object(
    'A file that the client sends directly.',
    {
      file: fileName,
      size: bytes('Bytes.'),
      contentType: attributes.contentType,
      conditions: object('Checked at the completion.', { ifMatch: etag, ifNoneMatch: { const: '*' } }, []),
    },
    ['file', 'size'],
  ),
  DirectUpload: object(
    'A direct upload.',
    {
      kind: { const: 'parts' },
      ...directUpload,
      direct: { type: 'boolean', description: 'Whether the parts go to the storage, or to the router.' },
      parts: { type: 'array', items: directPart, description: 'The first 100 parts, and where to send them.' },
      ticket: text('Stands for the upload in further requests.'),
    },
    ['kind', ...directUploadNames, 'direct', 'ticket'],
  ),
  DirectUploadState: object(
    'What is stored of a direct upload.',
    {
      ...directUpload,
      parts: {
        type: 'array',
        items: object('A part.', { partNumber, size: bytes('Bytes.') }, ['partNumber', 'size']),
        description: 'The parts that are stored.',
      },
    },
    directUploadNames,
  ),
  DirectParts: object('Where to send parts.', { parts: { type: 'array', items: directPart } }, ['parts']),
  DirectCompletion: object(
    'The parts that the client has sent. The completion fails if the storage has others.',
    {
      parts: {
        type: 'array',
        items: object('A part.', { partNumber, etag: text('Its ETag.') }, ['partNumber']),
      },
    },
    [],
    true,
  ),
  Nothing: object('An empty object.', {}, []),
  Error: object('An error, as clients of LoopBack’s storage component expect it.', { error }, ['error']),
  Problem: object(
    'An error in the form of RFC 9457, for clients that name this type in `Accept`, and always if the error has a type.',
    {
      type: text('`about:blank`, or the URI of a problem type.', 'about:blank'),
      title: text('The name of the status, or of the type.', 'Not Found'),
      'expected-offset': { type: 'integer', description: 'Where the resumable upload continues.' },
      'provided-offset': { type: 'integer', description: 'Where the request would continue it.' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: errorProperties.message,
      code: errorProperties.code,
      ...refusalProperties,
    },
    ['type', 'title', 'status', 'detail', 'code'],
  ),
} satisfies Record<string, JsonSchema>

export type SchemaName = keyof typeof schemas

/** A reference for use within the schemas, where the type of their names is not known yet. */
function schemaReference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}
