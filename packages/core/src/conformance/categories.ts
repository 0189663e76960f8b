/**
 * All cases, by their category's letter.
 */
import { abort } from './abort.js'
import { attributes } from './attributes.js'
import type { ConformanceCategory } from './case.js'
import { conditionalReads } from './conditional-reads.js'
import { conditionalWrites } from './conditional-writes.js'
import { containers } from './containers.js'
import { contract } from './contract.js'
import { copying } from './copying.js'
import { faults } from './faults.js'
import { integrity } from './integrity.js'
import { largeFiles } from './large-files.js'
import { listing } from './listing.js'
import { names } from './names.js'
import { reading } from './reading.js'
import { removing } from './removing.js'
import { signedUrls } from './signed-urls.js'
import { streams } from './streams.js'
import { writing } from './writing.js'

/** S is the filesystem provider's own, and not here. */
export const allCategories: Readonly<Record<string, ConformanceCategory>> = {
  A: contract,
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
  P: signedUrls,
  Q: faults,
}
