/**
 * Directories that cannot be read, such as `lost+found`: lists leave them out, and the operator is
 * told.
 */
import { isUnreadable, unreadable, warn } from '../errors.js'

/**
 * What `read` gives; `undefined`, and a warning, when the directory cannot be read. `segments`:
 * from the root.
 */
export async function unlessUnreadable<T>(segments: readonly string[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!isUnreadable(error)) throw error
    warn(unreadable(segments, error))
    return undefined
  }
}
