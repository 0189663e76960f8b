/** Directories that cannot be read, such as `lost+found`. Lists leave them out, with a warning. */
import { isUnreadable, unreadable, warn } from '../mapping/errors.js'

/**
 * Returns the result of `read`, or `undefined`, with a warning, if the directory cannot be read.
 *
 * @param segments The directory, from the root.
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
