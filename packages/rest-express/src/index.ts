/**
 * @stowage/rest-express: LoopBack's storage routes for Express, over any storage.
 *
 * - `router.ts`: the middleware: finds the route of a request and turns errors into responses.
 * - `options.ts`: the router's options, and the checks of them.
 * - `routes/`: the table of routes, paths, authorization, and the handlers of single routes.
 * - `forms/`: uploads as `multipart/form-data`, and the checks of such forms.
 * - `resumable/`: resumable uploads: tus, the IETF's protocol, and the tickets in their URLs.
 * - `direct/`: direct uploads: the bytes go to the storage, and the router signs and completes.
 * - `downloads/`: downloads: ranges, conditions, charsets.
 * - `http/`: headers, bodies, connections and error responses.
 * - `fetch/`: the entry `@stowage/rest-express/fetch`: the routes over web-standard requests.
 * - `openapi/`: the OpenAPI description of the routes.
 */

export type { DirectOptions } from './direct/direct-options.js'
export { download } from './downloads/download.js'
export type { UploadedFile } from './forms/form-file.js'
export { type UploadResult, upload } from './forms/form-upload.js'
export type { CorsOptions } from './http/cors.js'
export { type ErrorResponse, errorResponse, sendError } from './http/errors.js'
export { discardRest } from './http/lingering.js'
export { RequestError } from './http/request-error.js'
export {
  type OpenApiDocument,
  type OpenApiOperation,
  type OpenApiOptions,
  type OpenApiServer,
  openApiDocument,
} from './openapi/document.js'
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
export { type ResumableUploadHandler, resumableUploads, type UploadTarget } from './resumable/own-routes.js'
export type { NewUpload, ResumableOptions } from './resumable/resumable-options.js'
export { type StorageRouter, storageRouter } from './router.js'
export type { Action } from './routes/actions.js'
export { type StorageRoute, storageRoutes } from './routes/routes.js'
