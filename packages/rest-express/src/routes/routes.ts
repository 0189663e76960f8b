/**
 * The table of routes. The router and the OpenAPI description use it.
 */

import {
  completeMultipart,
  deleteMultipart,
  getFormUrl,
  listMultipart,
  signBatch,
  signMultipart,
  startMultipart,
} from '../direct/companion.js'
import {
  completeDirectUpload,
  createDirectUpload,
  deleteDirectUpload,
  getDirectUpload,
  signDirectParts,
} from '../direct/direct-uploads.js'
import { deletePermitted, listPermitted, receivePost, receivePut } from '../direct/permitted-requests.js'
import { signRequest } from '../direct/sign-request.js'
import { sendDownload } from '../downloads/download.js'
import { receiveUpload } from '../forms/form-upload.js'
import { putFile } from '../resumable/ietf.js'
import {
  appendToUpload,
  createUpload,
  deleteUpload,
  describeFile,
  describeUploads,
  getUpload,
  getUploadState,
  overrideMethod,
} from '../resumable/uploads.js'
import type { Action } from './actions.js'
import { createContainer, destroyContainer, getContainer } from './containers.js'
import { copyFile, moveFile, removeFiles } from './copying.js'
import { getFile, removeFile } from './files.js'
import { listContainers, listFiles } from './listing.js'
import type { RequestContext } from './request-context.js'
import { receiveSigned, sendSigned } from './signed-urls.js'

/** One route. Every GET route also handles HEAD, and every path handles OPTIONS. */
export interface StorageRoute {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** The path below the mount point; `*file` or `*ticket` is the rest of the path, with slashes. */
  readonly path: string
  /** The name of the route. */
  readonly name: string
  /** The first action that `authorize` receives. */
  readonly action: Action
  /**
   * The router's option without which there is no such route; `signedUrls`, if the storage has no
   * signed URLs that lead to the router.
   */
  readonly option?: 'resumable' | 'direct' | 'signedUrls'
}

export interface RouteHandler extends StorageRoute {
  /** Responds, or rejects with the error to respond with. */
  readonly handle: (context: RequestContext) => Promise<void>
}

const container = '/:container'
const files = '/:container/files'
const file = '/:container/files/*file'
const uploads = '/:container/uploads'
const upload = '/:container/uploads/*ticket'
const direct = '/:container/direct'
const ticket = '/:container/direct/:ticket'
const permitted = '/:container/direct/signed/:ticket'
const signed = '/:container/signed/*file'
const multipart = '/:container/direct/s3/multipart'

export const routeHandlers = [
  { method: 'GET', path: '/', name: 'getContainers', action: 'getContainers', handle: listContainers },
  { method: 'POST', path: '/', name: 'createContainer', action: 'createContainer', handle: createContainer },
  { method: 'GET', path: container, name: 'getContainer', action: 'getContainer', handle: getContainer },
  { method: 'DELETE', path: container, name: 'destroyContainer', action: 'destroyContainer', handle: destroyContainer },
  { method: 'GET', path: files, name: 'getFiles', action: 'getFiles', handle: listFiles },
  { method: 'GET', path: file, name: 'getFile', action: 'getFile', handle: getFile },
  { method: 'PUT', path: file, name: 'putFile', action: 'putFile', handle: putFile },
  { method: 'DELETE', path: file, name: 'removeFile', action: 'removeFile', handle: removeFile },
  { method: 'POST', path: '/:container/upload', name: 'upload', action: 'upload', handle: receiveUpload },
  { method: 'GET', path: '/:container/download/*file', name: 'download', action: 'download', handle: sendDownload },
  { method: 'POST', path: '/:container/copy', name: 'copyFile', action: 'download', handle: copyFile },
  { method: 'POST', path: '/:container/move', name: 'moveFile', action: 'download', handle: moveFile },
  { method: 'GET', path: signed, name: 'getSigned', action: 'download', option: 'signedUrls', handle: sendSigned },
  { method: 'PUT', path: signed, name: 'putSigned', action: 'putFile', option: 'signedUrls', handle: receiveSigned },
  { method: 'POST', path: '/:container/remove', name: 'removeFiles', action: 'removeFile', handle: removeFiles },
  ...(
    [
      { method: 'OPTIONS', path: file, name: 'describeFile', handle: describeFile },
      { method: 'OPTIONS', path: uploads, name: 'describeUploads', handle: describeUploads },
      { method: 'POST', path: uploads, name: 'createUpload', handle: createUpload },
      { method: 'OPTIONS', path: upload, name: 'describeUpload', handle: describeUploads },
      { method: 'GET', path: upload, name: 'getUploadState', handle: getUploadState },
      { method: 'HEAD', path: upload, name: 'getUpload', handle: getUpload },
      { method: 'PATCH', path: upload, name: 'appendToUpload', handle: appendToUpload },
      { method: 'DELETE', path: upload, name: 'deleteUpload', handle: deleteUpload },
      { method: 'POST', path: upload, name: 'overrideMethod', handle: overrideMethod },
    ] as const
  ).map((route) => ({ ...route, action: 'putFile', option: 'resumable' }) as const),
  ...(
    [
      { method: 'POST', path: direct, name: 'createDirectUpload', handle: createDirectUpload },
      { method: 'GET', path: ticket, name: 'getDirectUpload', handle: getDirectUpload },
      { method: 'DELETE', path: ticket, name: 'deleteDirectUpload', handle: deleteDirectUpload },
      { method: 'POST', path: `${ticket}/parts`, name: 'signDirectParts', handle: signDirectParts },
      { method: 'POST', path: `${ticket}/complete`, name: 'completeDirectUpload', handle: completeDirectUpload },
      { method: 'GET', path: permitted, name: 'listPermitted', handle: listPermitted },
      { method: 'PUT', path: permitted, name: 'receivePut', handle: receivePut },
      { method: 'POST', path: permitted, name: 'receivePost', handle: receivePost },
      { method: 'DELETE', path: permitted, name: 'deletePermitted', handle: deletePermitted },
      { method: 'POST', path: `${direct}/sign`, name: 'signRequest', handle: signRequest },
      { method: 'GET', path: `${direct}/s3/params`, name: 'getFormUrl', handle: getFormUrl },
      { method: 'POST', path: multipart, name: 'startMultipart', handle: startMultipart },
      { method: 'GET', path: `${multipart}/:ticket`, name: 'listMultipart', handle: listMultipart },
      { method: 'DELETE', path: `${multipart}/:ticket`, name: 'deleteMultipart', handle: deleteMultipart },
      { method: 'GET', path: `${multipart}/:ticket/:partNumber`, name: 'signMultipart', handle: signMultipart },
      { method: 'GET', path: `${multipart}/:ticket/batch`, name: 'signBatch', handle: signBatch },
      { method: 'POST', path: `${multipart}/:ticket/complete`, name: 'completeMultipart', handle: completeMultipart },
    ] as const
  ).map((route) => ({ ...route, action: 'putFile', option: 'direct' }) as const),
] as const satisfies readonly RouteHandler[]

export type RouteName = (typeof routeHandlers)[number]['name']

/** The routes as plain data. */
export const storageRoutes: readonly StorageRoute[] = Object.freeze(
  routeHandlers.map(({ handle: _, ...route }) => Object.freeze(route)),
)
