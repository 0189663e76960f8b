/**
 * @stowage/core/conformance: the suite that every provider passes.
 *
 * A provider's author writes one test file:
 *
 * ```ts
 * import { registerConformance } from '@stowage/core/conformance'
 * import { describe, it } from 'vitest' // or 'node:test'
 * import { MyProvider } from '../src/index.js'
 *
 * registerConformance({ describe, it }, 'mine', { createProvider: () => new MyProvider(settings) })
 * ```
 *
 * - Only the provider's declared capabilities rule out a case. The suite reports such a case by
 *   name, with the capability as the reason. If the operation must then be rejected, the suite
 *   tests the rejection.
 * - Every case has its own container, which is created before the case and destroyed after it. Its
 *   name is unique in all runs: the suite can run in an account that is in use, and changes only
 *   its own containers.
 * - Cases have stable ids. Categories: A contract, B containers, C file names, D writing,
 *   E streams, F abort, G large files, H reading and ranges, I conditional reads, J conditional
 *   writes, K attributes, L types and integrity, M listing, N copying and moving, O removal,
 *   P signed URLs, Q faults, R resumable uploads, S direct uploads.
 * - With `STOWAGE_CONFORMANCE_REPORT=<directory>`, the result is written as `<name>.json`, and as
 *   `<name>.svg`, an image for a README. The JSON schema is `docs/conformance-result.schema.json`
 *   of this package.
 * - A runner with `after` can also run selected cases only.
 *
 * Folders: `run` registers and runs the cases, `cases` has the cases by subject, and `tools` has
 * what cases share, such as the provider that fails on purpose.
 */

export { allCategories } from './cases/categories.js'
export { conformanceBadge } from './run/badge.js'
export type { ConformanceCase, ConformanceCategory, Need } from './run/case.js'
export type { ConformanceHarness, ProcessSettings, ServiceFault, TestRunner } from './run/harness.js'
export { registerConformance } from './run/register.js'
export { type CaseResult, type ConformanceResult, caseListHash, type Outcome, type Totals } from './run/report.js'
export { type Behaviour, FaultyProvider, type ProviderMethod, type RecordedCall } from './tools/faulty-provider.js'
