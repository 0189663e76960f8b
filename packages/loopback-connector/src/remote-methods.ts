/**
 * The methods that clients can call, in the format of LoopBack, which builds the REST routes, the
 * access control and the API explorer from it.
 */

interface Argument {
  readonly arg: string
  readonly type: string
  readonly required?: boolean
  readonly http: { readonly source: 'path' | 'body' | 'req' | 'res' } | ((context: HttpContext) => unknown)
}

/** The part of LoopBack's context of a remote call that is used here. */
interface HttpContext {
  readonly req: { readonly query: Readonly<Record<string, unknown>> }
}

export interface RemoteMethod {
  readonly shared: true
  readonly description: string
  readonly accepts: readonly Argument[]
  readonly returns?: { readonly arg?: string; readonly type?: string; readonly root?: boolean }
  readonly http: { readonly verb: 'get' | 'post' | 'delete'; readonly path: string }
}

const container: Argument = { arg: 'container', type: 'string', required: true, http: { source: 'path' } }
const file: Argument = { arg: 'file', type: 'string', required: true, http: { source: 'path' } }
const req: Argument = { arg: 'req', type: 'object', http: { source: 'req' } }
const res: Argument = { arg: 'res', type: 'object', http: { source: 'res' } }

/** `?prefix=&delimiter=&startAfter=&limit=` */
const listOptions: Argument = { arg: 'options', type: 'object', http: ({ req: { query } }) => listQuery(query) }

export const remoteMethods = {
  getContainers: {
    shared: true,
    description: 'List all containers',
    accepts: [],
    returns: { arg: 'containers', type: 'array', root: true },
    http: { verb: 'get', path: '/' },
  },
  getContainer: {
    shared: true,
    description: 'Get information about a container',
    accepts: [container],
    returns: { arg: 'container', type: 'object', root: true },
    http: { verb: 'get', path: '/:container' },
  },
  createContainer: {
    shared: true,
    description: 'Create a container',
    accepts: [{ arg: 'options', type: 'object', http: { source: 'body' } }],
    returns: { arg: 'container', type: 'object', root: true },
    http: { verb: 'post', path: '/' },
  },
  destroyContainer: {
    shared: true,
    description: 'Delete a container and all files in it',
    accepts: [container],
    returns: {},
    http: { verb: 'delete', path: '/:container' },
  },
  getFiles: {
    shared: true,
    description: 'List the files in a container',
    accepts: [container, listOptions],
    returns: { arg: 'files', type: 'array', root: true },
    http: { verb: 'get', path: '/:container/files' },
  },
  getFile: {
    shared: true,
    description: 'Get information about a file',
    accepts: [container, file],
    returns: { arg: 'file', type: 'object', root: true },
    http: { verb: 'get', path: '/:container/files/:file' },
  },
  removeFile: {
    shared: true,
    description: 'Delete a file',
    accepts: [container, file],
    returns: {},
    http: { verb: 'delete', path: '/:container/files/:file' },
  },
  upload: {
    shared: true,
    description: 'Upload one or more files as multipart/form-data',
    accepts: [container, req, res],
    returns: { arg: 'result', type: 'object' },
    http: { verb: 'post', path: '/:container/upload' },
  },
  download: {
    shared: true,
    description: 'Download a file',
    accepts: [container, file, req, res],
    http: { verb: 'get', path: '/:container/download/:file' },
  },
} as const satisfies Record<string, RemoteMethod>

/**
 * Returns the options of a list from the query. A `limit` that is not a number becomes `NaN`, which
 * `getFiles` refuses.
 */
function listQuery(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { prefix, delimiter, startAfter, limit } = query
  const options = { prefix, delimiter, startAfter, limit: limit === undefined ? undefined : Number(limit) }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== ''))
}
