import { StorageError } from '../contract/errors.js'

/**
 * Makes the `INVALID_ARGUMENT` error for a data source's settings, with the data source and the
 * property.
 */
export function dataSourceError(
  source: string | undefined,
  property: string | undefined,
  message: string,
): StorageError {
  const where = source === undefined ? 'data source' : `data source ${JSON.stringify(source)}`
  const what = property === undefined ? '' : `, property ${JSON.stringify(property)}`
  return new StorageError('INVALID_ARGUMENT', `${where}${what}: ${message}`, { details: { property } })
}
