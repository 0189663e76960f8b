/** Objects without their undefined properties. */

/** `T` with its properties that may be undefined made optional. */
export type Defined<T> = {
  [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name]
} & { [Name in keyof T as undefined extends T[Name] ? Name : never]?: Exclude<T[Name], undefined> }

/**
 * Returns a copy without the properties whose value is `undefined`.
 *
 * @example
 * defined({ size: 3, etag: undefined }) // { size: 3 }
 */
export function defined<T extends object>(object: T): Defined<T> {
  const copy: Record<string, unknown> = {}
  for (const name in object) if (object[name] !== undefined) copy[name] = object[name]
  return copy as Defined<T>
}
