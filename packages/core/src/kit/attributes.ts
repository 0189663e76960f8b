/** The attributes of a file for a copy of it. */
import { pickHeaderAttributes } from '../contract/attributes.js'
import type { FileInfo } from '../contract/files.js'
import type { WriteCallOptions } from '../contract/provider.js'

/** Returns all attributes of a file, for a copy that keeps them. */
export const attributesOf = (info: FileInfo): WriteCallOptions['attributes'] => ({
  contentType: info.contentType,
  metadata: info.metadata,
  ...pickHeaderAttributes(info),
})
