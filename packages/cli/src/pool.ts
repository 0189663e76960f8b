/**
 * Works on what an iterable gives, some of it at the same time, and never takes more from it than is being worked on. The first task
 * that rejects stops the others through their signal, and is what this rejects with, once all have ended.
 */
export async function forEachParallel<T>(
  items: AsyncIterable<T>,
  parallelism: number,
  signal: AbortSignal,
  task: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const joined = AbortSignal.any([signal, stop.signal])
  const iterator = items[Symbol.asyncIterator]()
  let failure: { readonly error: unknown } | undefined
  const work = async () => {
    try {
      while (!joined.aborted) {
        const next = await iterator.next()
        if (next.done === true) return
        await task(next.value, joined)
      }
    } catch (error) {
      failure ??= { error }
      stop.abort(error)
    }
  }
  await Promise.all(Array.from({ length: parallelism }, work))
  await iterator.return?.()
  signal.throwIfAborted()
  if (failure !== undefined) throw failure.error
}
