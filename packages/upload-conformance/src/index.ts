/**
 * @stowage/upload-conformance: tests a server of resumable uploads at a URL.
 *
 * The cases follow tus 1.0.0 and the IETF's Resumable Uploads for HTTP. Their ids never change.
 * Folders: `suite` runs cases and reports them, `tus` and `ietf` have the cases by subject, and
 * `http` sends requests that break in the middle.
 */
export type { RequestHeaders } from './http/exchange.js'
export type { Level, UploadCase } from './suite/case.js'
export { allCases } from './suite/cases.js'
export type { Need, Offer } from './suite/offer.js'
export type { TargetOptions } from './suite/options.js'
export type { CaseResult, Outcome, SuiteResult, Totals } from './suite/result.js'
export { runSuite, type SuiteOptions } from './suite/run.js'
export type { Target } from './suite/target.js'
