/**
 * All parts, in the order in which they run.
 */
import type { Part } from './part.ts'
import { applications } from './parts/application.ts'
import { azureCloud, s3Cloud, swiftCloud } from './parts/clouds.ts'
import { conformance } from './parts/conformance.ts'
import { core } from './parts/core.ts'
import { download } from './parts/download.ts'
import { functions } from './parts/functions.ts'
import { handlers } from './parts/handler.ts'
import { large } from './parts/large.ts'
import { list } from './parts/list.ts'
import { packages } from './parts/packages.ts'
import { parallel } from './parts/parallel.ts'
import { policies } from './parts/policies.ts'
import { ranges } from './parts/ranges.ts'
import { smallDownloads, smallUploads } from './parts/small.ts'
import { formUpload, rawUpload } from './parts/upload.ts'

export const parts: readonly Part[] = [
  download,
  rawUpload,
  formUpload,
  smallDownloads,
  smallUploads,
  policies,
  ranges,
  list,
  applications,
  handlers,
  parallel,
  large,
  core,
  s3Cloud,
  azureCloud,
  swiftCloud,
  conformance,
  functions,
  packages,
]
