/**
 * Checks of option names, so that a misspelt one is an error and not a default.
 */
import { invalid } from './invalid.js'

/**
 * The names of a type's properties. `satisfies` makes the compiler refuse a table that lacks one,
 * or has one too many.
 */
export type NamesOf<Options> = Readonly<Record<keyof Options, true>>

/**
 * Throws `INVALID_ARGUMENT` unless the options are an object whose properties all have known names.
 * A property that is `undefined` counts as left out, whatever its name.
 *
 * @param owner What takes the options, for the message: `putFile`, `S3Provider`.
 * @param known The names, as the keys of an object that `satisfies Record<keyof Options, true>`.
 */
export function checkOptions(owner: string, options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('options', `the options of ${owner} must be an object`)
  }
  // Inherited ones as well: they are read like the object's own.
  for (const name in options) {
    if (known[name] === true || (options as Record<string, unknown>)[name] === undefined) continue
    throw invalid(name, unknownName('option', name, owner, Object.keys(known)))
  }
}

/**
 * The sentence about a name that is not one of those known: `unknown option "sise" for putFile
 * (known: signal, …)`.
 */
export const unknownName = (kind: string, name: string, owner: string, known: readonly string[]): string =>
  `unknown ${kind} ${JSON.stringify(name)} for ${owner} (known: ${known.join(', ')})`
