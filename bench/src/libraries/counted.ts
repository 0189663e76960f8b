/** The cases that say something about a library, and not about its adapter or about core. */
import { allCategories, type ConformanceResult } from '@stowage/core/conformance'
import { libraries } from './libraries.ts'
import type { Library, Service } from './library.ts'

/** What the adapter or core does, or what no library has: by category. */
const ofTheAdapter: Readonly<Record<string, string>> = {
  A: 'the adapter has the shape of a provider',
  B: 'the adapter creates and deletes containers',
  I: 'the adapter evaluates conditions of reads',
  J: 'no library has conditional writes; core rejects them',
  P: 'signed URLs are not adapted',
  Q: 'core handles faults',
  R: 'no library has resumable uploads; core rejects them',
  S: 'direct uploads are not adapted',
}

/**
 * The same, by case. The adapter asks for a file's properties after a write, before a read, and for
 * each file of a list.
 */
export const alsoOfTheAdapter = ['D.28', 'E.16', 'F.19', 'F.20', 'K.6', 'K.7', 'K.20', 'M.30', 'N.15']

/** Cases about the content type, which the adapter remembers for libraries that do not store it. */
const aboutContentTypes = ['K.1', 'K.19', 'K.21', 'L.1', 'L.2', 'L.3', 'L.4', 'L.5', 'L.6']

export interface Run {
  readonly library: Library
  readonly kind: Service['kind']
  readonly result: ConformanceResult
  /** Cases that count and ran. */
  readonly counted: ConformanceResult['cases']
}

export function runOf(result: ConformanceResult): Run {
  for (const library of libraries) {
    for (const kind of library.services) {
      if (result.name === resultName(library, kind))
        return { library, kind, result, counted: countedOf(library, kind, result) }
    }
  }
  throw new Error(`unknown result "${result.name}"`)
}

export const resultName = ({ title }: Library, kind: Service['kind']): string => `${title.replaceAll('/', '-')}-${kind}`

function countedOf(library: Library, kind: Service['kind'], { cases }: ConformanceResult): ConformanceResult['cases'] {
  const left = new Set([...alsoOfTheAdapter, ...(library.attributes(kind).contentType ? [] : aboutContentTypes)])
  return [...cases, ...missing(cases)].filter(
    ({ id, outcome }) =>
      (outcome === 'passed' || outcome === 'failed') && !(id.charAt(0) in ofTheAdapter) && !left.has(id),
  )
}

/** Cases without a result, because the library never came back from them. */
function missing(cases: ConformanceResult['cases']): ConformanceResult['cases'] {
  const ids = new Set(cases.map(({ id }) => id))
  return Object.values(allCategories)
    .flatMap((category) => category.cases)
    .filter(({ id }) => !ids.has(id))
    .map(({ id, name }) => ({ id, name, outcome: 'failed', duration: 0, reason: 'the case does not end' }))
}

export const categoriesOfTheAdapter = ofTheAdapter
