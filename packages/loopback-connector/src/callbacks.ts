/**
 * Callbacks and promises: every method takes a callback at its end, and returns a promise when it gets none.
 */
/** Called once, with an error or with the result. */
export type Callback<T> = (error: Error | null, result?: T) => void

/**
 * Hands the outcome to the callback, or back as a promise. What a callback throws is its own: it becomes an uncaught exception, as
 * anything thrown in a callback, and not a second call.
 */
export function settle<T>(outcome: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (callback === undefined) return outcome
  outcome.then(
    (result) => (result === undefined ? process.nextTick(callback, null) : process.nextTick(callback, null, result)),
    (error: Error) => process.nextTick(callback, error),
  )
  return undefined
}

/** The callback among arguments of which any may have been left out before it. */
export function callbackOf<T>(...given: readonly unknown[]): Callback<T> | undefined {
  return given.find((each): each is Callback<T> => typeof each === 'function')
}
