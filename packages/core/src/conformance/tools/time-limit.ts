/** Waits that end. */

/**
 * Settles as the promise does, or rejects after a time.
 *
 * @param message What the error says before the time.
 */
export async function within<T>(milliseconds: number, promise: Promise<T>, message: string): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${message} within ${milliseconds / 1000} s`)), milliseconds)
  try {
    return await Promise.race([promise, expired])
  } finally {
    clearTimeout(timer)
  }
}
