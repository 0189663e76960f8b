/**
 * Does something for each of many, at most so many at a time. After a failure none is begun any more; it is thrown when those
 * under way are over.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  parallelism: number,
  perform: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]()
  let failed = false
  const worker = async () => {
    for (let item = left.next(); !failed && !item.done; item = left.next()) {
      try {
        await perform(item.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: parallelism }, worker))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
