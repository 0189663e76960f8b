/** An image of a run's result, for a README. */

const label = 'Stowage conformance'
const height = 20
/** Pixels of a character on average, and of the space beside a text. */
const characterWidth = 6.5
const padding = 12

/**
 * Returns an SVG image with the number of cases that passed, and of those that failed.
 *
 * @example
 * conformanceBadge({ totals: { passed: 315, failed: 0 } }).includes('>315 passed<') // true
 */
export function conformanceBadge({
  totals: { passed, failed },
}: {
  readonly totals: { readonly passed: number; readonly failed: number }
}): string {
  const message = failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} failed`
  const [left, right] = [widthOf(label), widthOf(message)]
  const width = left + right
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="${label}: ${message}">`,
    `<clipPath id="corners"><rect width="${width}" height="${height}" rx="3"/></clipPath>`,
    '<g clip-path="url(#corners)">',
    `<rect width="${left}" height="${height}" fill="#444"/>`,
    `<rect x="${left}" width="${right}" height="${height}" fill="${failed === 0 ? '#27743b' : '#b3261e'}"/>`,
    '</g>',
    '<g fill="#fff" text-anchor="middle" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">',
    `<text x="${left / 2}" y="14">${label}</text>`,
    `<text x="${left + right / 2}" y="14">${message}</text>`,
    '</g>',
    '</svg>\n',
  ].join('')
}

const widthOf = (text: string) => Math.round(text.length * characterWidth) + padding
