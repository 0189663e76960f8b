/**
 * The API's description in OpenAPI 3.1, made from the table of routes.
 */
import { STATUS_CODES } from 'node:http'
import { errorCodes } from '@stowage/core'
import { routeHandlers } from '../routes/routes.js'
import {
  type AnswerDescription,
  type HeaderName,
  headers,
  type OperationDescription,
  operations,
} from './operations.js'
import { type JsonSchema, schemaRef, schemas } from './schemas.js'

export interface OpenApiServer {
  /** A URL, or a path on the host of the description. */
  readonly url: string
  readonly description?: string
}

export interface OpenApiOptions {
  /** Where the routes are mounted, once or over several storages. Default: `/api/containers`. */
  readonly servers?: readonly OpenApiServer[]
  /** Default: `Stowage`. */
  readonly title?: string
  /** The version of the application's API. Default: `1`. */
  readonly version?: string
}

/** An OpenAPI 3.1 document: plain data, to be sent as JSON. */
export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly OpenApiServer[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly security: readonly never[]
  /** By path, then by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface OpenApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly description?: string
  readonly parameters: readonly unknown[]
  readonly requestBody?: unknown
  /** By status; `4XX` for those that the application's `authorize` may choose. */
  readonly responses: Readonly<Record<string, unknown>>
}

const tags = [
  { name: 'Containers', description: 'Containers hold files, like directories, and no other containers.' },
  { name: 'Files', description: 'What is known of files, and all that can be done to them.' },
  { name: 'Uploads and downloads', description: 'Their bytes: forms in, and files out.' },
]

/** Errors that any route may answer with. */
const everywhere = [400, 401, 403, 429, 500, 502, 503, 504]

/** Codes that the routes have beside those of storages. */
const ownCodes: Readonly<Record<number, readonly string[]>> = { 408: ['REQUEST_TIMEOUT'] }

const errorHeaders: Readonly<Record<number, readonly HeaderName[]>> = {
  416: ['Content-Range'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}

/**
 * Describes the routes of `storageRouter` in OpenAPI 3.1: every route of the table with HEAD beside every GET, every status that it
 * answers with, and the shape of every body.
 */
export function openApiDocument(options: OpenApiOptions = {}): OpenApiDocument {
  const { servers = [{ url: '/api/containers' }], title = 'Stowage', version = '1' } = options
  const used = new Set<number>(everywhere)
  const paths: Record<string, Record<string, OpenApiOperation>> = {}
  for (const { method, path, name } of routeHandlers) {
    const description = operations[name]
    for (const status of description.errors) used.add(status)
    const template = path.replaceAll(/[:*](\w+)/g, '{$1}')
    paths[template] = {
      ...paths[template],
      [method.toLowerCase()]: operation(name, path, description),
      ...(method === 'GET' ? { head: headOperation(name, path, description) } : {}),
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title,
      version,
      summary: 'Containers and files over HTTP',
      description:
        'Every path also takes OPTIONS, and answers any method that it does not take with 405; both tell the methods in `Allow`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers,
    tags,
    security: [],
    paths,
    components: {
      schemas,
      headers,
      parameters: pathParameters,
      responses: Object.fromEntries([
        ...[...used].sort((a, b) => a - b).map((status) => [statusName(status), errorResponse(status)]),
        ['Refused', { description: 'The application refused the request with this status.', content: errorContent }],
      ]),
    },
  }
}

const pathParameters = {
  container: {
    name: 'container',
    in: 'path',
    required: true,
    description: "The container's name.",
    schema: { type: 'string' },
    example: 'photos',
  },
  file: {
    name: 'file',
    in: 'path',
    required: true,
    description: "The file's name, percent-encoded; a slash in it may stand as itself or as `%2F`.",
    schema: { type: 'string' },
    example: '2024/cat.jpg',
  },
} as const

function operation(name: string, path: string, described: OperationDescription): OpenApiOperation {
  const { tag, summary, description, parameters = [], body, answers, errors } = described
  return {
    operationId: name,
    summary,
    tags: [tag],
    ...(description === undefined ? {} : { description }),
    parameters: [...parametersOf(path), ...parameters],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
      ...Object.fromEntries(errorStatuses(errors).map((status) => [status, responseRef(statusName(status))])),
      '4XX': responseRef('Refused'),
    },
  }
}

/** A HEAD answers with the status and the headers of its GET, and never with a body: ranges, which are of the body, say nothing. */
function headOperation(name: string, path: string, described: OperationDescription): OpenApiOperation {
  const { tag, summary, parameters = [], answers, errors } = described
  const succeeded = Object.entries(answers).filter(([status]) => status !== '206')
  return {
    operationId: `${name}Head`,
    summary: `${summary}: the headers alone`,
    tags: [tag],
    parameters: [...parametersOf(path), ...parameters.filter((each) => !/range/i.test(each.name))],
    responses: {
      ...Object.fromEntries(succeeded.map(([status, { content: _, ...answer }]) => [status, response(answer)])),
      ...Object.fromEntries(
        errorStatuses(errors)
          .filter((status) => status !== 416)
          .map((status) => [status, { description: describeStatus(status) }]),
      ),
      '4XX': { description: 'The application refused the request with this status.' },
    },
  }
}

const parametersOf = (path: string) =>
  Array.from(path.matchAll(/[:*](\w+)/g), ([, name]) => ({ $ref: `#/components/parameters/${name}` }))

const errorStatuses = (own: readonly number[]) => [...new Set([...everywhere, ...own])].sort((a, b) => a - b)

const statusName = (status: number) => (STATUS_CODES[status] ?? String(status)).replaceAll(/\W/g, '')

const responseRef = (name: string) => ({ $ref: `#/components/responses/${name}` })

function response({ description, headers: names, content }: AnswerDescription) {
  return {
    description,
    ...(names === undefined ? {} : { headers: headerRefs(names) }),
    ...(content === undefined ? {} : { content }),
  }
}

const headerRefs = (names: readonly HeaderName[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

const errorContent: Readonly<Record<string, { readonly schema: JsonSchema }>> = {
  'application/json': { schema: schemaRef('Error') },
  'application/problem+json': { schema: schemaRef('Problem') },
}

function errorResponse(status: number) {
  const names = errorHeaders[status]
  return {
    description: describeStatus(status),
    ...(names === undefined ? {} : { headers: headerRefs(names) }),
    content: errorContent,
  }
}

/** The codes come from core's table, which the routes answer by. */
function describeStatus(status: number): string {
  const storages = Object.entries(errorCodes).filter(([, rule]) => rule.status === status)
  const codes = [...storages.map(([code]) => code), ...(ownCodes[status] ?? [])]
  return `${STATUS_CODES[status]}: ${codes.map((code) => `\`${code}\``).join(', ')}`
}
