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
 * - The provider's declared capabilities are the only switch. A case that they rule out is reported by name, with the
 *   capability as the reason; where the operation must then be refused, the refusal is tested instead.
 * - Every case works in a container of its own, created before it and destroyed after it, whose name is unique in all
 *   runs: the suite can run in an account that is in use, and touches no container but its own.
 * - Cases have stable ids. Categories: A contract, B containers, C file names, D writing, E streams, F abort, G large
 *   files, H reading and ranges, I conditional reads, J conditional writes, K attributes, L types and integrity,
 *   M listing, N copying and moving, O removal, P signed URLs, Q faults.
 * - With `STOWAGE_CONFORMANCE_REPORT=<directory>` the result is written as `<name>.json`.
 */

export type { ConformanceCase, ConformanceCategory, Need } from './case.js'
export { allCategories } from './categories.js'
export { type Behaviour, FaultyProvider, type ProviderMethod, type RecordedCall } from './faulty-provider.js'
export type { ConformanceHarness, TestRunner } from './harness.js'
export { registerConformance } from './register.js'
export type { CaseResult, ConformanceResult, Outcome, Totals } from './report.js'
