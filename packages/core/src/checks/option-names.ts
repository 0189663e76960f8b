/** Checks option names, so that a misspelt option is an error. */
import { invalid } from './invalid.js'

/**
 * The names of a type's properties. With `satisfies`, the compiler rejects a table with a missing
 * or an additional name.
 */
export type NamesOf<Options> = Readonly<Record<keyof Options, true>>

/**
 * Checks that the options are an object with known property names. Properties that are `undefined`
 * are ignored.
 *
 * @param owner The function or class with the options, for the message: `putFile`, `S3Provider`.
 * @param known The names, as the keys of an object that `satisfies Record<keyof Options, true>`.
 * @throws `INVALID_ARGUMENT`.
 */
export function checkOptions(owner: string, options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('options', `the options of ${owner} must be an object`)
  }
  // Includes inherited properties, which are read like the object's own.
  for (const name in options) {
    if (known[name] === true || (options as Record<string, unknown>)[name] === undefined) continue
    throw invalid(name, unknownName('option', name, owner, Object.keys(known)))
  }
}

/**
 * Returns the message for an unknown name: `unknown option "sise" for putFile (known: signal, …)`.
 */
export const unknownName = (kind: string, name: string, owner: string, known: readonly string[]): string =>
  `unknown ${kind} ${JSON.stringify(name)} for ${owner} (known: ${known.join(', ')})`
