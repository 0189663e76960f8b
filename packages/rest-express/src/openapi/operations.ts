/**
 * The description of every route, by name: its parameters, bodies, responses and errors.
 */
import { defined } from '@stowage/core/provider'
import type { RouteName } from '../routes/routes.js'
import { type JsonSchema, type SchemaName, schemaRef } from './schemas.js'

/** A header or a parameter of the query. */
interface ParameterDescription {
  readonly name: string
  readonly in: 'query' | 'header'
  readonly description: string
  readonly schema: JsonSchema
}

export interface ResponseDescription {
  readonly description: string
  /** Names of {@link headers}. */
  readonly headers?: readonly HeaderName[]
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

export interface OperationDescription {
  readonly tag: 'Containers' | 'Files' | 'Uploads and downloads' | 'Resumable uploads' | 'Direct uploads'
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly ParameterDescription[]
  readonly body?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>
  }
  readonly responses: Readonly<Record<number, ResponseDescription>>
  /** The error statuses of this route, in addition to those of every route. */
  readonly errors: readonly number[]
}

const text: JsonSchema = { type: 'string' }

/** The headers of responses. */
export const headers = {
  ETag: { description: "The version of the file's content.", schema: text },
  'Last-Modified': { description: 'The time of the last write of the content.', schema: text },
  'Cache-Control': { description: 'How long the response may be cached.', schema: text },
  Link: {
    description: 'The next page, relative to the URL of the request: `<?…>; rel="next"`. Absent on the last page.',
    schema: text,
  },
  'Content-Length': { description: 'The length of the body in bytes.', schema: { type: 'integer', minimum: 0 } },
  'Content-Range': {
    description: 'The range and the size of the file: `bytes 0-99/1234`, or `bytes */1234`.',
    schema: text,
  },
  'Content-Disposition': {
    description: 'Whether a browser may display the file, and the name to save it under.',
    schema: text,
  },
  'Accept-Ranges': { description: 'Always `bytes`.', schema: { const: 'bytes' } },
  'Tus-Resumable': { description: 'The version of tus: `1.0.0`.', schema: { const: '1.0.0' } },
  'Tus-Version': { description: 'The versions of tus that the server supports.', schema: text },
  'Tus-Extension': { description: 'The extensions of tus that the server supports.', schema: text },
  'Tus-Checksum-Algorithm': { description: 'The algorithms of `Upload-Checksum`.', schema: text },
  Location: { description: "The upload's URL, relative to that of the request.", schema: text },
  'Upload-Offset': { description: 'The bytes that are stored.', schema: { type: 'integer', minimum: 0 } },
  'Upload-Complete': { description: 'Whether the file is complete: `?1` or `?0`.', schema: text },
  'Upload-Limit': { description: 'The limits of uploads, as a structured dictionary.', schema: text },
  'Accept-Patch': { description: 'The type of a body that continues an upload.', schema: text },
  'Upload-Expires': { description: 'When the upload expires.', schema: text },
  'Retry-After': { description: 'Seconds to wait before a retry, if known.', schema: text },
} as const satisfies Record<string, { readonly description: string; readonly schema: JsonSchema }>

export type HeaderName = keyof typeof headers

const query = (name: string, description: string, schema: JsonSchema = text): ParameterDescription => ({
  name,
  in: 'query',
  description,
  schema,
})

const header = (name: string, description: string): ParameterDescription => ({
  name,
  in: 'header',
  description,
  schema: text,
})

const paging = [
  query('limit', 'Return one page with at most this number of entries.', { type: 'integer', minimum: 1 }),
  query('cursor', 'Return the page of this cursor, which a `Link` header contains.'),
]

const readConditions = [
  header('If-Match', '412 unless the file has one of these ETags.'),
  header('If-None-Match', '304 if the file has one of these ETags.'),
  header('If-Modified-Since', '304 unless the file was changed after this date.'),
  header('If-Unmodified-Since', '412 if the file was changed after this date.'),
]

const writeConditions = [
  header('If-Match', '412 unless the file has this ETag; `*`: 412 if there is no such file.'),
  header('If-None-Match', '`*`: 412 if there is such a file.'),
  header('If-Unmodified-Since', '412 if the file was changed after this date.'),
]

const json = (schema: JsonSchema) => ({ 'application/json': { schema } })

const one = (name: SchemaName, description: string, names?: readonly HeaderName[]): ResponseDescription => ({
  description,
  ...defined({ headers: names }),
  content: json(schemaRef(name)),
})

const list = (items: JsonSchema, description: string, names?: readonly HeaderName[]): ResponseDescription => ({
  description,
  ...defined({ headers: names }),
  content: json({ type: 'array', items }),
})

const nothing = (description: string) => one('Nothing', description)

const unchanged: ResponseDescription = {
  description: 'The client already has this version.',
  headers: ['ETag', 'Last-Modified', 'Cache-Control'],
}

const jsonBody = (name: SchemaName) => ({ required: true, content: json(schemaRef(name)) })

const downloadHeaders = [
  'ETag',
  'Last-Modified',
  'Cache-Control',
  'Content-Length',
  'Content-Disposition',
  'Accept-Ranges',
] as const

const bytes = { '*/*': { schema: {} } }

const downloadParameters = [
  header('Range', '`bytes=0-99`, `bytes=100-` or `bytes=-100`. Several ranges are ignored.'),
  header('If-Range', 'A strong ETag or a date: the whole file is sent if the file is another version.'),
  ...readConditions,
]

const downloadResponses: OperationDescription['responses'] = {
  200: { description: 'The whole file.', headers: downloadHeaders, content: bytes },
  206: { description: 'The requested range.', headers: [...downloadHeaders, 'Content-Range'], content: bytes },
  304: unchanged,
}

const putParameters = [
  header('Content-Encoding', 'Stored with the file.'),
  header('Content-Language', 'Stored with the file.'),
  header('Content-Disposition', 'Stored with the file.'),
  header('Content-MD5', 'Verified: 422, and nothing is stored, if the body differs.'),
  header('Content-Digest', 'RFC 9530, with `md5`, `sha-256` or `sha-512`; verified.'),
  header('Repr-Digest', 'Like `Content-Digest`.'),
  ...writeConditions,
]

const signedParameters = [
  query('expires', 'The end of the URL, in seconds since 1970.', { type: 'integer', minimum: 0 }),
  query('signature', 'Covers the URL of the router, the method, the names and all parameters.'),
]

const signedRefusals =
  'The signature replaces `authorize`: 403 with `SIGNATURE_MISMATCH`, `METHOD_NOT_SIGNED` or `URL_EXPIRED`.'

const tusVersion = header('Tus-Resumable', 'tus: required, `1.0.0`; 412 for another version.')
const interopVersion = header(
  'Upload-Draft-Interop-Version',
  "IETF: the client's interop version. With 5 to 9, it gets interim responses with status 104.",
)
const uploadComplete = header('Upload-Complete', 'IETF: required. `?1` if the file ends with the body, otherwise `?0`.')
const contentDigest = header('Content-Digest', 'IETF: 422, and nothing is stored, if the body differs.')
/**
 * The type of a part of the file is that of the protocol. A creation may state the type of the
 * file.
 */
const uploadBody = {
  required: false,
  content: {
    'application/offset+octet-stream': { schema: {} },
    'application/partial-upload': { schema: {} },
    '*/*': { schema: {} },
  },
}
const tusChecksum = header(
  'Upload-Checksum',
  'An algorithm and the Base64 checksum of the body; also as a trailer. 460, and nothing is stored, if the body differs.',
)

/** `OPTIONS` needs no version. */
const uploadOptions: OperationDescription = {
  tag: 'Resumable uploads',
  summary: 'What the server supports',
  responses: {
    204: {
      description: "The version and the extensions of tus, and the limits of the IETF's protocol.",
      headers: [
        'Tus-Resumable',
        'Tus-Version',
        'Tus-Extension',
        'Tus-Checksum-Algorithm',
        'Upload-Limit',
        'Accept-Patch',
        'Cache-Control',
      ],
    },
  },
  errors: [],
}

/**
 * Statuses for a body that is too slow, too large, of another type or in an unsupported transfer
 * coding, and for a failed write.
 */
const bodyErrors = [408, 413, 415, 501]
const uploadResultHeaders = ['ETag', 'Upload-Complete', 'Upload-Offset'] as const
const writeErrors = [404, ...bodyErrors, 409, 411, 412, 507]

const xml = { 'application/xml': { schema: {} } }
const anyObject: JsonSchema = { type: 'object' }
const key = query('key', 'The name of the file, which must be that of the upload.')

/** A request to a URL that the router has signed. */
const permitted = (
  summary: string,
  described: Pick<OperationDescription, 'body' | 'responses' | 'errors'>,
): OperationDescription => ({
  tag: 'Direct uploads',
  summary,
  description: 'The URL is signed by the router, so `authorize` is not called.',
  ...described,
})

/** A request of `@uppy/aws-s3`. */
const uppy = (
  summary: string,
  described: Pick<OperationDescription, 'parameters' | 'body' | 'errors'>,
): OperationDescription => ({
  tag: 'Direct uploads',
  summary,
  description: 'In the words of `@uppy/aws-s3` and its server, Companion.',
  responses: {
    200: { description: 'The response that Uppy expects.', headers: ['Cache-Control'], content: json(anyObject) },
  },
  ...described,
})

export const operations: Readonly<Record<RouteName, OperationDescription>> = {
  getContainers: {
    tag: 'Containers',
    summary: 'List containers',
    description: 'All containers, or one page with `limit` or `cursor`.',
    parameters: paging,
    responses: { 200: list(schemaRef('Container'), 'Containers, in the order of their names.', ['Link']) },
    errors: [],
  },
  createContainer: {
    tag: 'Containers',
    summary: 'Create a container',
    body: {
      required: true,
      content: {
        ...json(schemaRef('NewContainer')),
        'application/x-www-form-urlencoded': { schema: schemaRef('NewContainer') },
      },
    },
    responses: { 200: one('Container', 'The new container.') },
    errors: [...bodyErrors, 409, 507],
  },
  getContainer: {
    tag: 'Containers',
    summary: 'Get a container',
    responses: { 200: one('Container', 'The container.') },
    errors: [404],
  },
  destroyContainer: {
    tag: 'Containers',
    summary: 'Delete a container and its files',
    parameters: [
      query('onlyIfEmpty', '`true`: 409 if the container is not empty.', { type: 'string', enum: ['true', 'false'] }),
    ],
    responses: { 200: nothing('The container was deleted.') },
    errors: [404, 409],
  },
  getFiles: {
    tag: 'Files',
    summary: 'List files',
    description:
      'All files, streamed as the storage lists them, or one page with `limit` or `cursor`. Sorted by the bytes of their names in UTF-8.',
    parameters: [
      query('prefix', 'Only names with this prefix.'),
      query('delimiter', 'Group names that are equal up to the next delimiter as one folder; usually `/`.'),
      query('startAfter', 'Only names after this one.'),
      ...paging,
    ],
    responses: {
      200: list({ oneOf: [schemaRef('FileEntry'), schemaRef('FolderEntry')] }, 'Files and folders.', ['Link']),
    },
    errors: [404],
  },
  getFile: {
    tag: 'Files',
    summary: "Get a file's information",
    parameters: readConditions,
    responses: { 200: one('File', "The file's information.", ['ETag', 'Last-Modified']), 304: unchanged },
    errors: [404, 412],
  },
  putFile: {
    tag: 'Files',
    summary: 'Store the body as a file',
    description:
      'The fastest way to upload. The file appears when the whole body has arrived, otherwise not at all. With `Upload-Complete`, the upload can be resumed, if the router has resumable uploads.',
    parameters: [
      header('Upload-Complete', '`?1` if the body is the whole file; `?0` if more follows in other requests.'),
      header('Upload-Length', 'Bytes of the whole file, with `Upload-Complete`.'),
      header('Upload-Draft-Interop-Version', "The interop version of the IETF's drafts, with `Upload-Complete`."),
      ...putParameters,
    ],
    body: { required: true, content: bytes },
    responses: {
      200: one('WrittenFile', 'The file replaced another one.', ['ETag']),
      201: one(
        'WrittenFile',
        'The file is new. With `Upload-Complete: ?0`, the upload has started: `Location` is its URL, and there is no body.',
        ['ETag'],
      ),
    },
    errors: [...writeErrors, 422],
  },
  removeFile: {
    tag: 'Files',
    summary: 'Delete a file',
    parameters: writeConditions,
    responses: { 200: nothing('The file was deleted.') },
    errors: [404, 412, 501],
  },
  upload: {
    tag: 'Uploads and downloads',
    summary: 'Store the files of a form',
    description: 'All or nothing: no file appears before the whole form has arrived and was accepted.',
    body: { required: true, content: { 'multipart/form-data': { schema: schemaRef('Form') } } },
    responses: { 200: one('UploadResponse', 'The stored files, and the fields.') },
    errors: [404, ...bodyErrors, 409, 411, 422, 507],
  },
  download: {
    tag: 'Uploads and downloads',
    summary: 'Download a file',
    description:
      'Browsers may display raster images, audio, video and plain text; all other files are attachments. With the option `redirect`, the response is 302 to a URL of the storage. If reading fails after the first byte, the connection is closed.',
    parameters: downloadParameters,
    responses: downloadResponses,
    errors: [404, 412, 416],
  },
  getSigned: {
    tag: 'Uploads and downloads',
    summary: 'Download a file with a signed URL',
    description: `The URL comes from \`signUrl\`. ${signedRefusals}`,
    parameters: [...signedParameters, ...downloadParameters],
    responses: downloadResponses,
    errors: [404, 412, 416],
  },
  putSigned: {
    tag: 'Uploads and downloads',
    summary: 'Store the body as a file, or as a part of one, with a signed URL',
    description: `The URL comes from \`signUrl\` or \`signDirectParts\`. ${signedRefusals} The rules of uploads apply to files.`,
    parameters: [
      ...signedParameters,
      query('type', 'The `Content-Type` that the request must have. Empty: it must have none.'),
      query('size', 'The bytes that the body must have.', { type: 'integer', minimum: 0 }),
      query('upload', 'The id of an upload: the body is one of its parts.'),
      query('part', 'The number of the part.', { type: 'integer', minimum: 1 }),
      query('part-size', 'The bytes of every part of the upload but the last.', { type: 'integer', minimum: 1 }),
      ...putParameters,
    ],
    body: { required: true, content: bytes },
    responses: {
      200: one('WrittenFile', 'The file replaced another one.', ['ETag']),
      201: one('WrittenFile', 'The file is new.', ['ETag']),
      204: { description: 'The part is stored.', headers: ['ETag', 'Cache-Control'] },
    },
    errors: [...writeErrors, 422],
  },
  copyFile: {
    tag: 'Files',
    summary: 'Copy a file',
    description: 'The conditions apply to the target.',
    parameters: writeConditions,
    body: jsonBody('Copy'),
    responses: { 200: one('WrittenFile', 'The copy.', ['ETag']) },
    errors: writeErrors,
  },
  moveFile: {
    tag: 'Files',
    summary: 'Move or rename a file',
    description: 'The conditions apply to the target. Completes even if the client disconnects.',
    parameters: writeConditions,
    body: jsonBody('Copy'),
    responses: { 200: one('WrittenFile', 'The moved file.', ['ETag']) },
    errors: writeErrors,
  },
  removeFiles: {
    tag: 'Files',
    summary: 'Delete many files',
    description: 'At most 1,000 files. A missing file counts as deleted. Completes even if the client disconnects.',
    body: jsonBody('Removal'),
    responses: {
      200: list(
        schemaRef('RemovalOutcome'),
        'The outcome of each file, in the order of the request. A repeated name is listed once.',
      ),
    },
    errors: [404, ...bodyErrors],
  },
  describeFile: {
    tag: 'Resumable uploads',
    summary: 'Whether uploads to this file can be resumed',
    responses: { 204: { description: 'They can.', headers: ['Upload-Limit', 'Accept-Patch', 'Cache-Control'] } },
    errors: [],
  },
  describeUploads: uploadOptions,
  describeUpload: uploadOptions,
  createUpload: {
    tag: 'Resumable uploads',
    summary: 'Start a resumable upload',
    description:
      "tus 1.0.0: creation, creation-with-upload, creation-defer-length, expiration and concatenation. The name of the file is `filename` or `name` in the metadata, its type `filetype` or `type`. Conditions are those of the complete upload. The IETF's protocol: with `Upload-Complete`; the name is the filename of `Content-Disposition`, or that of the metadata.",
    parameters: [
      tusVersion,
      uploadComplete,
      interopVersion,
      ...writeConditions,
      header('Content-Disposition', 'IETF: its filename is the name of the file.'),
      contentDigest,
      header('Repr-Digest', 'IETF: 422, and no file, if the whole file differs.'),
      header('Want-Repr-Digest', 'IETF: the last response has a `Repr-Digest` of this algorithm.'),
      header('Upload-Length', 'Bytes of the whole file.'),
      header('Upload-Defer-Length', 'tus: `1` if the size is not known yet.'),
      header('Upload-Metadata', 'Pairs of a key and a Base64 value, separated by commas.'),
      header('Upload-Concat', '`partial`, or `final;` and the URLs of complete partial uploads to join.'),
      tusChecksum,
    ],
    body: uploadBody,
    responses: {
      200: one('WrittenFile', 'IETF: the body was the whole file, and replaced another one.', uploadResultHeaders),
      201: one(
        'WrittenFile',
        'The upload has started; there is no body. IETF: the body was the whole file, which is new.',
        ['Location'],
      ),
    },
    errors: [...writeErrors, 410, 422, 460],
  },
  getUploadState: {
    tag: 'Resumable uploads',
    summary: 'How far an upload of the IETF’s protocol is, without HEAD',
    description: 'Without content. Uploads of tus have no GET.',
    parameters: [interopVersion],
    responses: {
      204: {
        description: 'The offset, whether the upload is complete, and the length if it is known.',
        headers: ['Upload-Offset', 'Upload-Complete', 'Upload-Limit', 'Cache-Control'],
      },
    },
    errors: [404, 405, 410, 422, 507],
  },
  getUpload: {
    tag: 'Resumable uploads',
    summary: 'How far a resumable upload is',
    description:
      'tus: 423 while the storage is unreachable, so that clients retry instead of starting over. IETF: 503.',
    parameters: [tusVersion, interopVersion],
    responses: {
      200: {
        description: 'tus: the offset, and the length if it is known.',
        headers: ['Tus-Resumable', 'Upload-Offset', 'Upload-Expires', 'Cache-Control'],
      },
      204: {
        description: 'IETF: the offset, whether the upload is complete, and the length if it is known.',
        headers: ['Upload-Offset', 'Upload-Complete', 'Upload-Limit', 'Cache-Control'],
      },
    },
    errors: [404, 410, 412, 422, 423, 507],
  },
  appendToUpload: {
    tag: 'Resumable uploads',
    summary: 'Continue a resumable upload',
    description:
      'Everything that arrives is stored, also if the connection breaks. The file is complete with its last byte in tus, and with `Upload-Complete: ?1` in the protocol of the IETF.',
    parameters: [
      tusVersion,
      uploadComplete,
      interopVersion,
      contentDigest,
      header(
        'Upload-Offset',
        "Required: the position of the body's first byte; 409 if the upload continues elsewhere.",
      ),
      header('Upload-Length', 'Bytes of the whole file, if they were not known before.'),
      tusChecksum,
    ],
    body: uploadBody,
    responses: {
      200: one('WrittenFile', 'IETF: the file is complete, and replaced another one.', uploadResultHeaders),
      201: one('WrittenFile', 'IETF: the file is complete and new.', uploadResultHeaders),
      204: { description: 'The bytes are stored.', headers: ['Upload-Offset', 'Cache-Control'] },
    },
    errors: [...writeErrors, 410, 422, 460],
  },
  deleteUpload: {
    tag: 'Resumable uploads',
    summary: 'Delete a resumable upload',
    description: 'A completed file stays.',
    parameters: [tusVersion],
    responses: { 204: { description: 'The upload was deleted.' } },
    errors: [404, 410, 412],
  },
  createDirectUpload: {
    tag: 'Direct uploads',
    summary: 'Start a direct upload',
    description:
      'The client sends each part with PUT to its URL: to the storage, if `direct` is true, otherwise to the router. The response has the first 100 URLs.',
    body: jsonBody('NewDirectUpload'),
    responses: { 201: one('DirectUpload', 'The upload has started.') },
    errors: writeErrors,
  },
  getDirectUpload: {
    tag: 'Direct uploads',
    summary: 'Which parts of a direct upload are stored',
    responses: { 200: one('DirectUploadState', 'The parts that are stored.', ['Cache-Control']) },
    errors: [404, 410],
  },
  signDirectParts: {
    tag: 'Direct uploads',
    summary: 'Get URLs for parts of a direct upload',
    parameters: [
      query('from', 'The first part. Default: 1.', { type: 'integer', minimum: 1 }),
      query('to', 'The last part. Default: that of the file, at most 1,000 URLs.', { type: 'integer', minimum: 1 }),
    ],
    responses: { 200: one('DirectParts', 'The URLs.', ['Cache-Control']) },
    errors: [404, 410],
  },
  completeDirectUpload: {
    tag: 'Direct uploads',
    summary: 'Complete a direct upload',
    description:
      'The file appears if all parts are stored with their sizes, under the conditions of the creation. Repeated, it returns the same file.',
    body: { required: false, content: json(schemaRef('DirectCompletion')) },
    responses: { 200: one('WrittenFile', 'The file.', ['ETag']) },
    errors: [...writeErrors, 410],
  },
  deleteDirectUpload: {
    tag: 'Direct uploads',
    summary: 'Delete a direct upload',
    description: 'A completed file stays.',
    responses: { 204: { description: 'What was sent is deleted.' } },
    errors: [404, 410],
  },
  receivePut: permitted('Send a part or a file to the router', {
    body: { required: true, content: bytes },
    responses: {
      200: { description: 'The file is stored.', headers: ['ETag', 'Cache-Control'] },
      204: { description: 'The part is stored.', headers: ['ETag', 'Cache-Control'] },
    },
    errors: [...writeErrors, 405, 410],
  }),
  receivePost: permitted("Send a form with a file, or S3's start or completion of an upload", {
    body: { required: true, content: { ...xml, 'multipart/form-data': { schema: schemaRef('Form') } } },
    responses: {
      200: { description: 'The upload has started or is complete.', headers: ['Cache-Control'], content: xml },
      201: { description: 'The file is stored.', headers: ['Location', 'ETag', 'Cache-Control'] },
    },
    errors: [...writeErrors, 405, 410],
  }),
  listPermitted: permitted("Which parts are stored, in S3's words", {
    responses: { 200: { description: 'The parts.', headers: ['Cache-Control'], content: xml } },
    errors: [404, 405, 410],
  }),
  deletePermitted: permitted('Delete an upload', {
    responses: { 204: { description: 'What was sent is deleted.' } },
    errors: [404, 405, 410],
  }),
  signRequest: uppy('Get the URL for one request of `@uppy/aws-s3` with `signRequest`', {
    body: { required: true, content: json(anyObject) },
    errors: [...writeErrors, 410],
  }),
  getFormUrl: uppy('Get the URL for a form', {
    parameters: [
      query('filename', "The client's name for the file."),
      query('type', 'Its media type.'),
      query('metadata[size]', 'Its bytes.'),
    ],
    errors: [404, 413, 415, 501],
  }),
  startMultipart: uppy('Start an upload', {
    body: { required: true, content: json(anyObject) },
    errors: writeErrors,
  }),
  listMultipart: {
    ...uppy('Which parts are stored', { parameters: [key], errors: [404, 410] }),
    responses: { 200: list(anyObject, 'The parts.', ['Cache-Control']) },
  },
  deleteMultipart: uppy('Delete an upload', { parameters: [key], errors: [404, 410] }),
  signMultipart: uppy('Get the URL for one part', { parameters: [key], errors: [404, 410] }),
  signBatch: uppy('Get the URLs for several parts', {
    parameters: [key, query('partNumbers', 'Their numbers, separated by commas.')],
    errors: [404, 410],
  }),
  completeMultipart: uppy('Complete an upload', {
    parameters: [key],
    body: { required: true, content: json(anyObject) },
    errors: [...writeErrors, 410],
  }),
  overrideMethod: {
    tag: 'Resumable uploads',
    summary: 'PATCH or DELETE for clients that cannot send them',
    parameters: [
      tusVersion,
      header('X-HTTP-Method-Override', 'Required: `PATCH` or `DELETE`.'),
      header('Upload-Offset', 'As of PATCH.'),
      tusChecksum,
    ],
    body: uploadBody,
    responses: {
      200: one('WrittenFile', 'As of PATCH.', uploadResultHeaders),
      201: one('WrittenFile', 'As of PATCH.', uploadResultHeaders),
      204: { description: 'As of PATCH or DELETE.' },
    },
    errors: [...writeErrors, 405, 410, 422, 460],
  },
}
