/**
 * What each route does, takes and answers, in words: one description for every route of the table, by its name.
 */

import type { RouteName } from '../routes/routes.js'
import { type JsonSchema, type SchemaName, schemaRef } from './schemas.js'

/** A header or a parameter of the query. */
interface ParameterDescription {
  readonly name: string
  readonly in: 'query' | 'header'
  readonly description: string
  readonly schema: JsonSchema
}

export interface AnswerDescription {
  readonly description: string
  /** Names of {@link headers}. */
  readonly headers?: readonly HeaderName[]
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

export interface OperationDescription {
  readonly tag: 'Containers' | 'Files' | 'Uploads and downloads'
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly ParameterDescription[]
  readonly body?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>
  }
  readonly answers: Readonly<Record<number, AnswerDescription>>
  /** The statuses of errors beyond those that any route may answer with. */
  readonly errors: readonly number[]
}

const text: JsonSchema = { type: 'string' }

/** The headers of answers. */
export const headers = {
  ETag: { description: "The version of the file's content.", schema: text },
  'Last-Modified': { description: 'When the content was last written.', schema: text },
  'Cache-Control': { description: 'How long the answer may be kept.', schema: text },
  Link: {
    description: 'The next page, relative to the URL of the request: `<?…>; rel="next"`. Left out on the last page.',
    schema: text,
  },
  'Content-Length': { description: 'The bytes of the body.', schema: { type: 'integer', minimum: 0 } },
  'Content-Range': { description: 'Which bytes of how many: `bytes 0-99/1234`, or `bytes */1234`.', schema: text },
  'Content-Disposition': {
    description: 'Whether a browser may show the file in itself, and the name to save it under.',
    schema: text,
  },
  'Accept-Ranges': { description: 'Always `bytes`.', schema: { const: 'bytes' } },
  'Retry-After': { description: 'Seconds to wait before the next attempt, where they are known.', schema: text },
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
  query('limit', 'Answer with one page of at most so many entries.', { type: 'integer', minimum: 1 }),
  query('cursor', 'Answer with the page that a `Link` led to.'),
]

const readConditions = [
  header('If-Match', '412 unless the file is one of these versions.'),
  header('If-None-Match', '304 if the file is one of these versions.'),
  header('If-Modified-Since', '304 unless the file was changed after this date.'),
  header('If-Unmodified-Since', '412 if the file was changed after this date.'),
]

const writeConditions = [
  header('If-Match', '412 unless the file is this version; `*`: unless there is one.'),
  header('If-None-Match', '`*`: 412 if there is such a file.'),
  header('If-Unmodified-Since', '412 if the file was changed after this date.'),
]

const json = (schema: JsonSchema) => ({ 'application/json': { schema } })

const one = (name: SchemaName, description: string, names?: readonly HeaderName[]): AnswerDescription => ({
  description,
  ...(names === undefined ? {} : { headers: names }),
  content: json(schemaRef(name)),
})

const list = (items: JsonSchema, description: string, names?: readonly HeaderName[]): AnswerDescription => ({
  description,
  ...(names === undefined ? {} : { headers: names }),
  content: json({ type: 'array', items }),
})

const nothing = (description: string) => one('Nothing', description)

const unchanged: AnswerDescription = {
  description: 'The client has this version already.',
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

/** A body that is too slow, too large, of another type or in a transfer coding; a file that can't be written. */
const bodyErrors = [408, 413, 415, 501]
const writeErrors = [404, ...bodyErrors, 409, 411, 412, 507]

export const operations: Readonly<Record<RouteName, OperationDescription>> = {
  getContainers: {
    tag: 'Containers',
    summary: 'List containers',
    description: 'All of them, or with `limit` or `cursor` one page.',
    parameters: paging,
    answers: { 200: list(schemaRef('Container'), 'Containers, in the order of their names.', ['Link']) },
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
    answers: { 200: one('Container', 'The new container.') },
    errors: [...bodyErrors, 409, 507],
  },
  getContainer: {
    tag: 'Containers',
    summary: 'Show a container',
    answers: { 200: one('Container', 'The container.') },
    errors: [404],
  },
  destroyContainer: {
    tag: 'Containers',
    summary: 'Destroy a container with what it holds',
    parameters: [
      query('onlyIfEmpty', '`true`: 409 if the container holds a file.', { type: 'string', enum: ['true', 'false'] }),
    ],
    answers: { 200: nothing('There is no such container any more.') },
    errors: [404, 409],
  },
  getFiles: {
    tag: 'Files',
    summary: 'List files',
    description:
      'All of them, as the storage finds them, in any length; or with `limit` or `cursor` one page. In the order of the bytes of their names in UTF-8.',
    parameters: [
      query('prefix', 'Only names that begin with this.'),
      query('delimiter', 'Show names that share everything up to its next occurrence as one folder; mostly `/`.'),
      query('startAfter', 'Only names after this one.'),
      ...paging,
    ],
    answers: {
      200: list({ oneOf: [schemaRef('FileEntry'), schemaRef('FolderEntry')] }, 'Files and folders.', ['Link']),
    },
    errors: [404],
  },
  getFile: {
    tag: 'Files',
    summary: "Show a file's information",
    parameters: readConditions,
    answers: { 200: one('File', "The file's information.", ['ETag', 'Last-Modified']), 304: unchanged },
    errors: [404, 412],
  },
  putFile: {
    tag: 'Files',
    summary: 'Store the body as a file',
    description: 'The fastest way in. The file appears when the body is whole, and not at all otherwise.',
    parameters: [
      header('Content-Encoding', 'Kept with the file.'),
      header('Content-Language', 'Kept with the file.'),
      header('Content-Disposition', 'Kept with the file.'),
      header('Content-MD5', 'Verified; 422 and nothing stored when the body has another.'),
      header('Content-Digest', 'As RFC 9530 has it, with `md5`, `sha-256` or `sha-512`; verified.'),
      header('Repr-Digest', 'As `Content-Digest`.'),
      ...writeConditions,
    ],
    body: { required: true, content: bytes },
    answers: {
      200: one('WrittenFile', 'The file took the place of another.', ['ETag']),
      201: one('WrittenFile', 'The file is new.', ['ETag']),
    },
    errors: [...writeErrors, 422],
  },
  removeFile: {
    tag: 'Files',
    summary: 'Delete a file',
    parameters: writeConditions,
    answers: { 200: nothing('There is no such file any more.') },
    errors: [404, 412, 501],
  },
  upload: {
    tag: 'Uploads and downloads',
    summary: 'Store the files of a form',
    description: 'All or nothing: no file appears before the whole form has arrived and was found good.',
    body: { required: true, content: { 'multipart/form-data': { schema: schemaRef('Form') } } },
    answers: { 200: one('UploadAnswer', 'What was stored.') },
    errors: [404, ...bodyErrors, 409, 411, 507],
  },
  download: {
    tag: 'Uploads and downloads',
    summary: 'Download a file',
    description:
      'Raster images, audio, video and plain text may be shown by browsers; everything else is an attachment. When reading fails after the first byte, the connection is cut.',
    parameters: [
      header('Range', '`bytes=0-99`, `bytes=100-` or `bytes=-100`. Several at once are passed over.'),
      header('If-Range', 'A strong ETag or a date: the whole file if it is another version.'),
      ...readConditions,
    ],
    answers: {
      200: { description: 'The whole file.', headers: downloadHeaders, content: bytes },
      206: { description: 'The part asked for.', headers: [...downloadHeaders, 'Content-Range'], content: bytes },
      304: unchanged,
    },
    errors: [404, 412, 416],
  },
  copyFile: {
    tag: 'Files',
    summary: 'Copy a file',
    description: 'The conditions are on the target.',
    parameters: writeConditions,
    body: jsonBody('Copy'),
    answers: { 200: one('WrittenFile', 'The copy.', ['ETag']) },
    errors: writeErrors,
  },
  moveFile: {
    tag: 'Files',
    summary: 'Move or rename a file',
    description: 'The conditions are on the target. Completes when the client goes away.',
    parameters: writeConditions,
    body: jsonBody('Copy'),
    answers: { 200: one('WrittenFile', 'The file in its new place.', ['ETag']) },
    errors: writeErrors,
  },
  removeFiles: {
    tag: 'Files',
    summary: 'Delete many files',
    description: 'At most 1,000. A missing file counts as deleted. Completes when the client goes away.',
    body: jsonBody('Removal'),
    answers: {
      200: list(
        schemaRef('RemovalOutcome'),
        'What became of each, in the order of the request. A name given twice is shown once.',
      ),
    },
    errors: [404, ...bodyErrors],
  },
}
