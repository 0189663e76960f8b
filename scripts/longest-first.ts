/**
 * The order of the test files in a run: long ones start first, so that no worker is left with one
 * at the end. vitest's own order is one project after the other.
 */
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** Files that take long on every machine, for a clone without the durations of an earlier run. */
const long = /(?:^|\/)(?:conformance|[^/]+\.long)\.test\.ts$/

/** Milliseconds from which a file starts before those of shared workers. */
const longDuration = 15_000

export class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const durations = new Map(specs.map((spec) => [spec, this.#duration(spec)]))
    const duration = (spec: TestSpecification) => durations.get(spec) ?? 0
    const inVitestsOrder = await super.sort(specs)
    return inVitestsOrder.toSorted((a, b) => {
      const stages = stage(a, duration(a)) - stage(b, duration(b))
      if (stages !== 0) return stages
      // A worker is shared only by files of one project that follow each other.
      if (!a.project.config.isolate && a.project !== b.project) return a.project.name < b.project.name ? -1 : 1
      return duration(b) - duration(a)
    })
  }

  /** What the last run took, or a guess. */
  #duration(spec: TestSpecification): number {
    const { duration = 0 } = this.ctx.cache.getTestSpecificationResult(spec) ?? {}
    return duration > 0 ? duration : long.test(spec.moduleId) ? 2 * longDuration : 0
  }
}

/** Long files first, then those of shared workers, then all others. */
function stage(spec: TestSpecification, duration: number): number {
  if (!spec.project.config.isolate) return 1
  return duration >= longDuration ? 0 : 2
}
