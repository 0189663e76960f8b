/**
 * @stowage/rest-express: LoopBack's storage routes for Express, over any storage.
 *
 * The rooms:
 * - `router.ts`, `routes.ts`, `paths.ts`: from a request to its handler, and the names in between.
 * - `exchange.ts`, `actions.ts`: one request, and who may do what.
 * - `containers.ts`, `files.ts`, `listing.ts`, `copying.ts`, `download.ts`, `raw-upload.ts`: the handlers.
 * - `form-upload.ts`, `form-parser.ts`, `form-file.ts`, `file-content.ts`: forms. `incoming.ts`: the upload options at work.
 * - `form-parts.ts`, `form-delimiters.ts`, `part-head.ts`, `form-disposition.ts`, `malformed-form.ts`: what a form consists of.
 * - `media-type.ts`, `charset.ts`, `trim-end.ts`: text in headers and fields.
 * - `conditions.ts`, `ranges.ts`, `digests.ts`, `disposition.ts`: headers.
 * - `request-body.ts`, `json-body.ts`: what clients send.
 * - `connection.ts`, `pipelining.ts`, `lingering.ts`: when they stop, ask for much at once, or do not listen yet.
 * - `openapi.ts`, `openapi-operations.ts`, `openapi-schemas.ts`: the routes described.
 * - `json.ts`, `errors.ts`, `request-error.ts`: what they get.
 */
export type { Action } from './actions.js'
export { download } from './download.js'
export { type ErrorAnswer, errorAnswer, sendError } from './errors.js'
export type { UploadedFile } from './form-file.js'
export { type UploadResult, upload } from './form-upload.js'
export { discardRest } from './lingering.js'
export {
  type OpenApiDocument,
  type OpenApiOperation,
  type OpenApiOptions,
  type OpenApiServer,
  openApiDocument,
} from './openapi.js'
export {
  type Authorization,
  checkUploadOptions,
  type DownloadOptions,
  type FailedRequest,
  type FileRule,
  type IncomingFile,
  type StorageRouterOptions,
  type UploadOptions,
  uploadOptionNames,
} from './options.js'
export { RequestError } from './request-error.js'
export { type StorageRouter, storageRouter } from './router.js'
export { type StorageRoute, storageRoutes } from './routes.js'
