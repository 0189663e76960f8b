/** Ends the wait for calls that have no signal of their own. */

/**
 * Settles as the promise does, or rejects with the signal's reason as soon as the signal is
 * aborted. For clients whose calls cannot be aborted: the call itself goes on, and its result is
 * discarded.
 *
 * @example
 * const found = await untilAborted(client.get(key), signal)
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    const end = () => signal.removeEventListener('abort', onAbort)
    promise.finally(end).then(resolve, reject)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
