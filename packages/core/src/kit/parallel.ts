/** Runs many tasks, a few at a time. */

/**
 * Runs a task for each item, at most `parallelism` at a time. Takes an item only when its task can
 * begin. The first failure aborts the signal that the tasks receive, and no further task begins.
 * Settles when all tasks have ended; rejects with the first failure.
 *
 * @param parallelism Concurrent tasks, 1 or more.
 * @param signal Also stops the tasks. Default: none.
 *
 * @example
 * await inParallel(names, 8, (name, signal) => remove(name, signal), options.signal)
 */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  parallelism: number,
  task: (item: T, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  let failure: { readonly error: unknown } | undefined
  const work = async () => {
    try {
      while (!stopped.aborted) {
        const next = await iterator.next()
        if (next.done === true || stopped.aborted) return
        await task(next.value, stopped)
      }
    } catch (error) {
      failure ??= { error }
      stop.abort(error)
    }
  }
  await Promise.all(Array.from({ length: parallelism }, work))
  await iterator.return?.()
  signal?.throwIfAborted()
  if (failure !== undefined) throw failure.error
}
