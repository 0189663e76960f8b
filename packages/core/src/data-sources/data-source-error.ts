import { StorageError } from '../contract/errors.js'

/** `INVALID_ARGUMENT` for a data source's settings; names the data source and the property. */
export function dataSourceError(
  source: string | undefined,
  property: string | undefined,
  message: string,
): StorageError {
  const where = source === undefined ? 'the data source' : `the data source ${JSON.stringify(source)}`
  const what = property === undefined ? '' : `, property ${JSON.stringify(property)}`
  return new StorageError('INVALID_ARGUMENT', `${where}${what}: ${message}`, { details: { property } })
}
