/**
 * All cases, by the letter of their category.
 */

import type { ConformanceCategory } from '../run/case.js'
import { containers } from './contract/containers.js'
import { contract } from './contract/contract.js'
import { names } from './contract/names.js'
import { faults } from './faults/faults.js'
import { listing } from './listing/listing.js'
import { conditionalReads } from './reading/conditional-reads.js'
import { reading } from './reading/reading.js'
import { signedUrls } from './reading/signed-urls.js'
import { abort } from './streams/aborts.js'
import { streams } from './streams/streams.js'
import { directUploads } from './uploads/direct-uploads.js'
import { largeFiles } from './uploads/large-files.js'
import { resumableUploads } from './uploads/resumable-uploads.js'
import { attributes } from './writing/attributes.js'
import { conditionalWrites } from './writing/conditional-writes.js'
import { copying } from './writing/copying.js'
import { integrity } from './writing/integrity.js'
import { removing } from './writing/removing.js'
import { writing } from './writing/writing.js'

/** The letter S belongs to the tests of the filesystem provider. */
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
  R: resumableUploads,
  S: directUploads,
}
