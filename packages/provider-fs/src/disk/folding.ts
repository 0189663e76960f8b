/**
 * Names that a volume may take for the same: they differ in case, in Unicode's composition, or in
 * code points that are ignored.
 *
 * APFS and HFS+ fold all three, ext4 and F2FS do so in directories with the attribute `+F`. What is
 * equal for one of them is equal here; whether the root's volume folds at all is found out
 * elsewhere (`case-folding.ts`).
 */

const isAscii = /^[\0-\x7f]*$/

/** Equal for names that a volume may take for the same. */
export function foldName(name: string): string {
  if (isAscii.test(name)) return name.toLowerCase()
  // Lower case first: `ẞ` has no upper case but its own, and only `ß` becomes `SS`.
  return decompose(decompose(name).toLowerCase().toUpperCase().toLowerCase())
}

const ignored = '\\p{Default_Ignorable_Code_Point}'
const ignoredCharacters = new RegExp(ignored, 'gu')

const decompose = (name: string): string => name.normalize('NFD').replace(ignoredCharacters, '')

/**
 * A pattern for the names that fold to `.stowage`. All code points that fold to its letters are in
 * it.
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
