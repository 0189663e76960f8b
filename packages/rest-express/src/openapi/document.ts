/**
 * The OpenAPI 3.1 description of the API, generated from the table of routes.
 */
import { STATUS_CODES } from 'node:http'
import { errorCodes } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { routeHandlers } from '../routes/routes.js'
import {
  type HeaderName,
  headers,
  type OperationDescription,
  operations,
  type ResponseDescription,
} from './operations.js'
import { type JsonSchema, schemaRef, schemas } from './schemas.js'

export interface OpenApiServer {
  /** A URL, or a path on the host of the description. */
  readonly url: string
  readonly description?: string
}

export interface OpenApiOptions {
  /** The URLs where the routes are mounted, one per storage. Default: `/api/containers`. */
  readonly servers?: readonly OpenApiServer[]
  /** Default: `Stowage`. */
  readonly title?: string
  /** The version of the application's API. Default: `1`. */
  readonly version?: string
  /** Whether the router has resumable uploads. Default: no. */
  readonly resumable?: boolean
  /** Whether the router has direct uploads. Default: no. */
  readonly direct?: boolean
  /**
   * Whether the storage has signed URLs that lead to the router
   * (`capabilities.signedUrls.throughRouter`). Default: no.
   */
  readonly signedUrls?: boolean
}

/** An OpenAPI 3.1 document as plain data, to send as JSON. */
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
  /** By status; `4XX` for the statuses that the application's `authorize` may choose. */
  readonly responses: Readonly<Record<string, unknown>>
}

const tags = [
  { name: 'Containers', description: 'Containers hold files, like directories, but no other containers.' },
  { name: 'Files', description: 'Information about files, and operations on them.' },
  { name: 'Direct uploads', description: 'Clients send the bytes to the storage. The router signs and completes.' },
  { name: 'Resumable uploads', description: 'Uploads that continue after an interruption, with tus 1.0.0.' },
  { name: 'Uploads and downloads', description: 'The content of files: uploads as forms, and downloads.' },
]

/** The error statuses of every route. */
const everywhere = [400, 401, 403, 429, 500, 502, 503, 504]

/** Error codes of the router, in addition to those of core. */
const ownCodes: Readonly<Record<number, readonly string[]>> = {
  405: ['METHOD_NOT_ALLOWED'],
  408: ['REQUEST_TIMEOUT'],
  410: ['UPLOAD_EXPIRED'],
  423: ['UNAVAILABLE'],
  460: ['CHECKSUM_MISMATCH'],
}

const errorHeaders: Readonly<Record<number, readonly HeaderName[]>> = {
  416: ['Content-Range'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}

/**
 * Describes the routes of `storageRouter` in OpenAPI 3.1: every route, HEAD for every GET, every
 * status, and the schema of every body.
 */
export function openApiDocument(options: OpenApiOptions = {}): OpenApiDocument {
  const { servers = [{ url: '/api/containers' }], title = 'Stowage', version = '1' } = options
  const { resumable = false, direct = false, signedUrls = false } = options
  const isOn = { resumable, direct, signedUrls }
  const used = new Set<number>(everywhere)
  const paths: Record<string, Record<string, OpenApiOperation>> = {}
  for (const { method, path, name, ...route } of routeHandlers) {
    if ('option' in route && !isOn[route.option]) continue
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
        'Every path also accepts OPTIONS, and responds with 405 to other methods. Both responses list the methods in `Allow`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers,
    tags: tags.filter(
      ({ name }) => (resumable || name !== 'Resumable uploads') && (direct || name !== 'Direct uploads'),
    ),
    security: [],
    paths,
    components: {
      schemas: direct ? schemas : withoutDirectSchemas,
      headers: resumable ? headers : { ...withoutTusHeaders, ...(direct ? { Location: headers.Location } : {}) },
      parameters: { ...withoutTicket, ...(resumable || direct ? { ticket } : {}), ...(direct ? { partNumber } : {}) },
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
    description: "The file's name, percent-encoded; slashes may be written as `/` or `%2F`.",
    schema: { type: 'string' },
    example: '2024/cat.jpg',
  },
  partNumber: {
    name: 'partNumber',
    in: 'path',
    required: true,
    description: 'The number of a part, from 1.',
    schema: { type: 'integer', minimum: 1 },
  },
  ticket: {
    name: 'ticket',
    in: 'path',
    required: true,
    description: 'Stands for an upload: the end of its URL from `Location`, or the `ticket` of a direct upload.',
    schema: { type: 'string' },
  },
} as const

const { ticket, partNumber, ...withoutTicket } = pathParameters
const withoutTusHeaders = Object.fromEntries(
  Object.entries(headers).filter(([name]) => !/^(?:Tus-|Upload-|Location$|Accept-Patch$)/.test(name)),
)

const withoutDirectSchemas = Object.fromEntries(Object.entries(schemas).filter(([name]) => !name.includes('Direct')))

function operation(name: string, path: string, described: OperationDescription): OpenApiOperation {
  const { tag, summary, description, parameters = [], body, responses, errors } = described
  return {
    operationId: name,
    summary,
    tags: [tag],
    ...defined({ description, requestBody: body }),
    parameters: [...parametersOf(path), ...parameters],
    responses: {
      ...Object.fromEntries(Object.entries(responses).map(([status, each]) => [status, response(each)])),
      ...Object.fromEntries(errorStatuses(errors).map((status) => [status, responseRef(statusName(status))])),
      '4XX': responseRef('Refused'),
    },
  }
}

/** HEAD returns the status and the headers of GET, without a body. Range headers have no effect. */
function headOperation(name: string, path: string, described: OperationDescription): OpenApiOperation {
  const { tag, summary, parameters = [], responses, errors } = described
  const succeeded = Object.entries(responses).filter(([status]) => status !== '206')
  return {
    operationId: `${name}Head`,
    summary: `${summary}: headers only`,
    tags: [tag],
    parameters: [...parametersOf(path), ...parameters.filter((each) => !/range/i.test(each.name))],
    responses: {
      ...Object.fromEntries(succeeded.map(([status, { content: _, ...each }]) => [status, response(each)])),
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

/** tus has a status of its own. */
const statusText = (status: number) => (status === 460 ? 'Checksum Mismatch' : (STATUS_CODES[status] ?? String(status)))

const statusName = (status: number) => statusText(status).replaceAll(/\W/g, '')

const responseRef = (name: string) => ({ $ref: `#/components/responses/${name}` })

function response({ description, headers: names, content }: ResponseDescription) {
  return {
    description,
    ...defined({ headers: names && headerRefs(names), content }),
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
    ...defined({ headers: names && headerRefs(names) }),
    content: errorContent,
  }
}

/** Describes a status. The codes come from core's table of errors, which the router uses. */
function describeStatus(status: number): string {
  const storages = Object.entries(errorCodes).filter(([, rule]) => rule.status === status)
  const codes = [...storages.map(([code]) => code), ...(ownCodes[status] ?? [])]
  return `${statusText(status)}: ${codes.map((code) => `\`${code}\``).join(', ')}`
}
