/** All cases, in the order in which they run. */
import { creation, interim } from '../ietf/creation.js'
import { digests } from '../ietf/digests.js'
import { uploading } from '../ietf/uploading.js'
import { checksums } from '../tus/checksums.js'
import { concatenation } from '../tus/concatenation.js'
import { core } from '../tus/core.js'
import { starting } from '../tus/creation.js'
import { interruptions } from '../tus/interruptions.js'
import { termination } from '../tus/termination.js'
import type { UploadCase } from './case.js'

export const allCases: readonly UploadCase[] = Object.freeze([
  ...core,
  ...interruptions,
  ...starting,
  ...checksums,
  ...termination,
  ...concatenation,
  ...creation,
  ...interim,
  ...uploading,
  ...digests,
])
