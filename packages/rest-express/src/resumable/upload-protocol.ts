/** A protocol of resumable uploads: what it does with the requests of the routes. */
import type { RequestContext } from '../routes/request-context.js'

/** Each method responds, or rejects with the error to respond with. */
export interface UploadProtocol {
  /** The headers of a response to OPTIONS. */
  describe(context: RequestContext): Readonly<Record<string, string>>
  /** `POST /:container/uploads`: starts an upload. */
  create(context: RequestContext): Promise<void>
  /** `HEAD /:container/uploads/:ticket`: how far the upload is. */
  look(context: RequestContext): Promise<void>
  /** `PATCH /:container/uploads/:ticket`: stores the bytes that follow. */
  append(context: RequestContext): Promise<void>
  /** `DELETE /:container/uploads/:ticket`: ends the upload. A completed file stays. */
  end(context: RequestContext): Promise<void>
}
