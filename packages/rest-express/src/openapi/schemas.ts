/**
 * What the routes take and answer, as JSON Schema (2020-12): the components of the API's description.
 */

/** A JSON Schema, or a reference to one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

export const schemaRef = (name: SchemaName): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

const text = (description: string, example?: string): JsonSchema => ({
  type: 'string',
  description,
  ...(example === undefined ? {} : { examples: [example] }),
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
  description: 'A file name: any string of 1 to 1,024 bytes of UTF-8. Slashes make folders of a kind.',
  examples: ['2024/cat.jpg'],
}
const etag = text('The version of the content, in quoted form.', '"5d41402abc4b2a76"')
const times = {
  atime: time('The last access, on a plain directory.'),
  mtime: time('When the content was last written.'),
  ctime: time('The last change of the inode, on a plain directory.'),
}

/** The attributes that a writer gives and a reader gets back. */
const attributes = {
  contentType: text('The media type.', 'image/jpeg'),
  cacheControl: text('`Cache-Control` of downloads.', 'max-age=60'),
  contentDisposition: text('`Content-Disposition` of downloads, where it is no less strict than the own one.'),
  contentEncoding: text('`Content-Encoding` of downloads.', 'gzip'),
  contentLanguage: text('`Content-Language` of downloads.', 'en'),
  expires: text('`Expires` of downloads.', 'Thu, 01 Jan 2037 00:00:00 GMT'),
  metadata: {
    type: 'object',
    description: 'Pairs of the own; keys are compared without case and given back in lower case.',
    additionalProperties: { type: 'string' },
    examples: [{ author: 'Ada' }],
  },
} as const

const fileProperties = {
  container,
  name: fileName,
  size: bytes('Bytes.'),
  ...times,
  created: time('When the file was created, where the storage says so.'),
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
  code: text('What went wrong, for programs: stable.', 'FILE_NOT_FOUND'),
  message: text('What went wrong, for people.'),
}

const error = object(
  'What went wrong.',
  {
    statusCode: { type: 'integer', minimum: 400, maximum: 599, description: 'The status of the answer.' },
    name: { const: 'Error', description: 'Always the same, for clients of the storage component.' },
    ...errorProperties,
  },
  ['statusCode', 'name', 'message', 'code'],
)

const copyTarget: JsonSchema = {
  ...object(
    "Where to: a container, a name, or both; what is left out is the source's.",
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

export const schemas = {
  Container: {
    ...object(
      'A container. Every storage gives its name; a plain directory also its size and times; some give more.',
      { name: container, size: bytes("The directory's own size."), ...times, created: time('When it was created.') },
      ['name'],
      true,
    ),
    examples: [{ name: 'photos' }],
  },
  NewContainer: object('A container to be made.', { name: container }, ['name'], true),
  File: object('All that is known of a file.', fileProperties, [...writtenFile, 'mtime']),
  WrittenFile: object(
    'What is known of a file just written. `mtime` is left out where the storage tells it only when asked again.',
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
    'In a list with a delimiter: all names that share what is before its next occurrence.',
    { container, name: text('The shared beginning, delimiter included.', '2024/'), folder: { const: true } },
    ['container', 'name', 'folder'],
  ),
  Form: object(
    'A form: any fields, some of them files.',
    {
      file: {
        type: 'array',
        items: { type: 'string', contentMediaType: 'application/octet-stream' },
        description: 'Files. Any other field may hold files as well.',
      },
    },
    [],
    true,
  ),
  UploadedFile: object(
    'A file of a form, as it was stored.',
    {
      container,
      name: fileName,
      type: text('The media type.', 'image/jpeg'),
      field: text("The form's field.", 'picture'),
      size: bytes('Bytes.'),
      originalFilename: text("The client's name for it, where the server gave it another."),
      acl: text('The access list, where the server set one.'),
    },
    ['container', 'name', 'type', 'field', 'size'],
  ),
  UploadAnswer: object(
    'What a form has stored.',
    {
      result: object(
        'Files and fields by the names of their fields.',
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
    'A file to be copied or moved.',
    {
      file: fileName,
      to: copyTarget,
      attributes: {
        ...object("Attributes in place of the source's, as a whole.", attributes, []),
        examples: [{ contentType: 'image/jpeg' }],
      },
    },
    ['file', 'to'],
    true,
  ),
  Removal: object('Files to be removed.', { files: { ...names('Their names.'), maxItems: 1000 } }, ['files'], true),
  RemovalOutcome: object(
    'What became of one of them; without an error, there is no such file any more.',
    { file: fileName, error },
    ['file'],
  ),
  Nothing: object('An empty object.', {}, []),
  Error: object('An error, as clients of the storage component expect it.', { error }, ['error']),
  Problem: object(
    'An error in the form of RFC 9457, for clients that name this type in `Accept`.',
    {
      type: { const: 'about:blank' },
      title: text("The status' name.", 'Not Found'),
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: errorProperties.message,
      code: errorProperties.code,
    },
    ['type', 'title', 'status', 'detail', 'code'],
  ),
} satisfies Record<string, JsonSchema>

export type SchemaName = keyof typeof schemas

/** For use in the schemas themselves, where the type of their names is not known yet. */
function schemaReference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}
