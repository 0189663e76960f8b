/**
 * All cases, by their category's letter.
 */
import { abort } from './abort.js'
import { attributes } from './attributes.js'
import type { ConformanceCategory } from './case.js'
import { conditionalReads } from './conditional-reads.js'
import { conditionalWrites } from './conditional-writes.js'
import { containers } from './containers.js'
import { copying } from './copying.js'
import { integrity } from './integrity.js'
import { largeFiles } from './large-files.js'
import { listing } from './listing.js'
import { names } from './names.js'
import { reading } from './reading.js'
import { removing } from './removing.js'
import { streams } from './streams.js'
import { writing } from './writing.js'

export const allCategories: Readonly<Record<string, ConformanceCategory>> = {
  B: containers,
  C: names,
  D: writing,
  E: streams,
  F: abort,
  G: largeFiles,
  H: reading,
  I: conditionalReads,
  J: conditionalWrites,
  K: attributes,
  L: integrity,
  M: listing,
  N: copying,
  O: removing,
}
