/**
 * Callbacks and promises. The methods of the connector accept a callback as their last argument,
 * and return a promise without one.
 */

/** Called once, with an error or with the result. */
export type Callback<T> = (error: Error | null, result?: T) => void

/**
 * Passes the outcome to the callback. Returns it as a promise if there is no callback. An exception
 * in the callback becomes an uncaught exception, as in other asynchronous callbacks; the callback
 * is not called again.
 */
export function settle<T>(outcome: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (callback === undefined) return outcome
  outcome.then(
    (result) => (result === undefined ? process.nextTick(callback, null) : process.nextTick(callback, null, result)),
    (error: Error) => process.nextTick(callback, error),
  )
  return undefined
}

/** Returns the callback of a call. Optional arguments before it may be missing. */
export function callbackOf<T>(...args: readonly unknown[]): Callback<T> | undefined {
  return args.find((arg): arg is Callback<T> => typeof arg === 'function')
}
