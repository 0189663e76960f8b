/**
 * The nine routes in the format of LoopBack 4: an OpenAPI 3.0 description, in which each operation
 * names a method of the controller.
 */
import type { ControllerSpec, OperationObject, ParameterObject, SchemaObject } from '@loopback/rest'
import { defined } from '@stowage/core/provider'

const text: SchemaObject = { type: 'string' }
const date: SchemaObject = { type: 'string', format: 'date-time' }

const containerSchema: SchemaObject = {
  title: 'StorageContainer',
  type: 'object',
  required: ['name'],
  properties: { name: text, size: { type: 'integer' }, atime: date, mtime: date, ctime: date, created: date },
  additionalProperties: true,
}

const fileSchema: SchemaObject = {
  title: 'StorageFile',
  type: 'object',
  required: ['container', 'name'],
  properties: {
    container: text,
    name: text,
    size: { type: 'integer', description: 'Bytes.' },
    atime: date,
    mtime: date,
    ctime: date,
    etag: text,
    contentType: text,
    metadata: { type: 'object', additionalProperties: text },
    folder: {
      type: 'boolean',
      description: 'True for an entry that combines several names, in a list with a delimiter.',
    },
  },
  additionalProperties: true,
}

const uploadedFileSchema: SchemaObject = {
  title: 'UploadedFile',
  type: 'object',
  required: ['container', 'name', 'type', 'field', 'size'],
  properties: {
    container: text,
    name: text,
    type: text,
    field: text,
    size: { type: 'integer', description: 'Bytes.' },
    originalFilename: text,
    acl: text,
  },
  additionalProperties: true,
}

const uploadSchema: SchemaObject = {
  title: 'StorageUpload',
  type: 'object',
  required: ['result'],
  properties: {
    result: {
      type: 'object',
      required: ['files', 'fields'],
      properties: {
        files: { type: 'object', additionalProperties: { type: 'array', items: uploadedFileSchema } },
        fields: { type: 'object', additionalProperties: { type: 'array', items: text } },
      },
    },
  },
}

const errorSchema: SchemaObject = {
  title: 'StorageError',
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['statusCode', 'message'],
      properties: { statusCode: { type: 'integer' }, name: text, message: text, code: text },
    },
  },
}

const container: ParameterObject = {
  name: 'container',
  in: 'path',
  required: true,
  description: 'The name of the container.',
  schema: text,
}

const file: ParameterObject = {
  name: 'file',
  in: 'path',
  required: true,
  description: 'The name of the file. Write a slash as %2F.',
  schema: text,
}

const query = (name: string, description: string, schema: SchemaObject = text): ParameterObject => ({
  name,
  in: 'query',
  description,
  schema,
})

const json = (schema: SchemaObject) => ({ 'application/json': { schema } })

const errors = Object.fromEntries(
  Object.entries({
    400: 'A name, an argument or the form is invalid.',
    404: 'The container or file does not exist.',
    409: 'The name already exists, or conflicts with another name.',
    413: 'A file or the fields are too large.',
    415: 'The media type is not allowed, or the body is not a form.',
    416: 'The range contains no byte of the file.',
  }).map(([status, description]) => [status, { description, content: json(errorSchema) }]),
)

interface Route {
  readonly method: string
  readonly summary: string
  readonly parameters?: ParameterObject[]
  readonly requestBody?: OperationObject['requestBody']
  readonly success: { readonly description: string; readonly content?: OperationObject['responses'] }
  readonly errors: readonly (keyof typeof errors)[]
}

function operation({
  method,
  summary,
  parameters = [],
  requestBody,
  success,
  errors: statuses,
}: Route): OperationObject {
  return {
    'x-operation-name': method,
    summary,
    parameters,
    ...defined({ requestBody }),
    responses: {
      200: success,
      ...Object.fromEntries(statuses.map((status) => [status, errors[status]])),
    },
  }
}

const download = (summary: string) =>
  operation({
    method: 'download',
    summary,
    parameters: [container, file],
    success: {
      description: 'The content. The status is 206 for a range, and 304 if the client has the current version.',
      content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
    },
    errors: ['404', '416'],
  })

const nothing = { description: 'An empty object.', content: json({ type: 'object' }) }

const ticket: ParameterObject = {
  name: 'ticket',
  in: 'path',
  required: true,
  description: 'The end of the URL that the creation of the upload returned.',
  schema: text,
}

/**
 * A route of tus and of the IETF's protocol. Without a `requestBody`, LoopBack does not read the
 * body.
 */
const uploading = (method: string, summary: string, parameters: ParameterObject[], status: number) => ({
  'x-operation-name': method,
  summary,
  parameters,
  responses: { [status]: { description: 'The state is in the headers.' } },
})

/** The routes of resumable uploads. LoopBack responds to OPTIONS by itself. */
const resumablePaths: ControllerSpec['paths'] = {
  '/{container}/uploads': { post: uploading('createUpload', 'Start a resumable upload', [container], 201) },
  '/{container}/uploads/{ticket}': {
    head: uploading('getUpload', 'How far a resumable upload is', [container, ticket], 200),
    patch: uploading('appendToUpload', 'Continue a resumable upload', [container, ticket], 204),
    delete: uploading('deleteUpload', 'End a resumable upload', [container, ticket], 204),
    post: uploading('overrideMethod', 'PATCH or DELETE by X-HTTP-Method-Override', [container, ticket], 204),
  },
}

/** Returns the description of the routes below a path, such as `/containers`. */
export function storageApi(basePath: string, resumable: boolean): ControllerSpec {
  return {
    basePath,
    paths: {
      '/': {
        get: operation({
          method: 'getContainers',
          summary: 'List all containers',
          success: { description: 'The containers.', content: json({ type: 'array', items: containerSchema }) },
          errors: [],
        }),
        post: operation({
          method: 'createContainer',
          summary: 'Create a container',
          requestBody: {
            required: true,
            content: json({
              type: 'object',
              title: 'NewStorageContainer',
              required: ['name'],
              properties: { name: text },
            }),
          },
          success: { description: 'The container.', content: json(containerSchema) },
          errors: ['400', '409'],
        }),
      },
      '/{container}': {
        get: operation({
          method: 'getContainer',
          summary: 'Get information about a container',
          parameters: [container],
          success: { description: 'The container.', content: json(containerSchema) },
          errors: ['404'],
        }),
        delete: operation({
          method: 'destroyContainer',
          summary: 'Delete a container and all files in it',
          parameters: [container],
          success: nothing,
          errors: ['404'],
        }),
      },
      '/{container}/files': {
        get: operation({
          method: 'getFiles',
          summary: 'List the files in a container',
          parameters: [
            container,
            query('prefix', 'Only names with this prefix.'),
            query('delimiter', 'Combine names that contain this after the prefix into one entry.'),
            query('startAfter', 'Only names after this one: for the next page, the last name of the previous page.'),
            query('limit', 'The maximum number of entries.', { type: 'integer', minimum: 1 }),
          ],
          success: { description: 'The files.', content: json({ type: 'array', items: fileSchema }) },
          errors: ['400', '404'],
        }),
      },
      '/{container}/files/{file}': {
        get: operation({
          method: 'getFile',
          summary: 'Get information about a file',
          parameters: [container, file],
          success: { description: 'The file.', content: json(fileSchema) },
          errors: ['404'],
        }),
        delete: operation({
          method: 'removeFile',
          summary: 'Delete a file',
          parameters: [container, file],
          success: nothing,
          errors: ['404'],
        }),
      },
      '/{container}/upload': {
        post: operation({
          method: 'upload',
          summary: 'Upload one or more files',
          parameters: [container],
          requestBody: {
            required: true,
            // The position of the body among the arguments: after the container. The default is 0.
            'x-parameter-index': 1,
            content: {
              // LoopBack does not read the form: the method streams it into the storage.
              'multipart/form-data': {
                'x-parser': 'stream',
                schema: {
                  type: 'object',
                  properties: { file: { type: 'string', format: 'binary' } },
                  additionalProperties: true,
                },
              },
            },
          },
          success: { description: 'The stored files: all files of the form.', content: json(uploadSchema) },
          errors: ['400', '404', '409', '413', '415'],
        }),
      },
      '/{container}/download/{file}': {
        get: download('Download a file'),
        head: download('The headers of a download'),
      },
      ...(resumable ? resumablePaths : {}),
    },
  }
}
