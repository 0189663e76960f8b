/**
 * All cases, by their category's letter.
 */
import type { ConformanceCategory } from './case.js'
import { containers } from './containers.js'
import { names } from './names.js'
import { writing } from './writing.js'

export const allCategories: Readonly<Record<string, ConformanceCategory>> = {
  B: containers,
  C: names,
  D: writing,
}
