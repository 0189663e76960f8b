/**
 * The text without any of these characters at its end. `String.prototype.trimEnd` would also remove
 * U+00A0, which is half of a letter if each character is a byte. A regular expression would take
 * quadratic time.
 */
export function trimEnd(text: string, characters: string): string {
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--
  return text.slice(0, end)
}
