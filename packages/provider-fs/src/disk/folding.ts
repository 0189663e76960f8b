/**
 * Names that a volume may treat as the same: they differ in case, in Unicode composition, or in
 * ignored code points.
 *
 * APFS and HFS+ fold all three; ext4 and F2FS fold them in directories with the attribute `+F`.
 * Names that are the same on one of these are the same here. `case-folding.ts` finds out whether
 * the root's volume folds at all.
 */

const isAscii = /^[\0-\x7f]*$/

/** Returns the same text for names that a volume may treat as the same. */
export function foldName(name: string): string {
  if (isAscii.test(name)) return name.toLowerCase()
  // Lower case first: `ẞ` has no other upper case, and only `ß` becomes `SS`.
  return decompose(decompose(name).toLowerCase().toUpperCase().toLowerCase())
}

const ignored = '\\p{Default_Ignorable_Code_Point}'
const ignoredCharacters = new RegExp(ignored, 'gu')

const decompose = (name: string): string => name.normalize('NFD').replace(ignoredCharacters, '')

/**
 * A pattern for names that fold to `.stowage`. It contains all code points that fold to these
 * letters.
 */
export const bookkeepingPattern = [
  '',
  '\\.',
  '(?:[sSſ]',
  '[tT]|[ﬅﬆ])',
  '[oO]',
  '[wW]',
  '[aA]',
  '[gG]',
  '[eE]',
  '',
].join(`${ignored}*`)
