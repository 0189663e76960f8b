/**
 * One run of the suite with one provider: its provider objects, containers and result.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { StorageService } from '../../index.js'
import type { StorageProvider } from '../../provider.js'
import { within } from '../tools/time-limit.js'
import type { ConformanceCase } from './case.js'
import { CaseContext, deadline, type RunHandles } from './context.js'
import { explain, LastOperations } from './failure.js'
import type { ConformanceHarness } from './harness.js'
import type { ConformanceReport } from './report.js'

export class ConformanceRun implements RunHandles {
  readonly harness: ConformanceHarness
  readonly report: ConformanceReport
  readonly #id = `${Date.now().toString(36)}${randomBytes(3).toString('hex')}`
  #containers = 0
  readonly #handles: StorageProvider[] = []
  readonly #fixtures = new Map<string, Promise<string>>()
  /** The leftovers before the current case. */
  #knownLeftovers: readonly string[] | undefined
  #finished: Promise<void> | undefined
  #storage: StorageService | undefined
  #secondStorage: StorageService | undefined

  constructor(harness: ConformanceHarness, report: ConformanceReport) {
    this.harness = harness
    this.report = report
  }

  /** Milliseconds. */
  get timeout(): number {
    return this.harness.timeout ?? 600_000
  }

  get provider(): StorageProvider {
    return this.storage.provider
  }

  get storage(): StorageService {
    this.#storage ??= new StorageService(this.#shared())
    return this.#storage
  }

  get secondStorage(): StorageService {
    this.#secondStorage ??= new StorageService(this.#shared())
    return this.#secondStorage
  }

  #shared(): StorageProvider {
    const provider = this.harness.createProvider()
    this.#handles.push(provider)
    return provider
  }

  newProvider(): StorageProvider {
    return this.harness.createProvider()
  }

  containerName(): string {
    const seed = `stowage-${this.#id}-${++this.#containers}`
    return this.harness.containerName?.(seed) ?? seed
  }

  fixture(key: string, fill: (container: string) => Promise<void>): Promise<string> {
    let fixture = this.#fixtures.get(key)
    if (fixture === undefined) {
      fixture = this.#fill(fill)
      this.#fixtures.set(key, fixture)
    }
    return fixture
  }

  async #fill(fill: (container: string) => Promise<void>): Promise<string> {
    const container = this.containerName()
    await this.storage.createContainer({ name: container })
    await fill(container)
    return container
  }

  /** Runs a case, or its rejection, in its own container, which is always destroyed. */
  async runCase(tested: ConformanceCase, act: ConformanceCase['run'], ruledOut?: string): Promise<void> {
    const started = performance.now()
    using operations = new LastOperations()
    try {
      this.#knownLeftovers ??= await this.#leftovers()
      const context = new CaseContext(this, this.containerName())
      await this.storage.createContainer({ name: context.container })
      await within(this.timeout, act(context), 'the case does not end').then(
        () => this.#end(context),
        async (error: unknown) => {
          // A failure of the clean-up would hide the failure of the case.
          await within(deadline, context.end(), 'the case is not cleaned up').catch(() => undefined)
          this.#knownLeftovers = await this.#leftovers().catch(() => undefined)
          throw error
        },
      )
      this.report.add(tested, ruledOut === undefined ? 'passed' : 'rejected', performance.now() - started, ruledOut)
    } catch (error) {
      const explained = explain(error, operations.last)
      this.report.add(tested, 'failed', performance.now() - started, String(explained))
      throw explained
    }
  }

  async #end(context: CaseContext): Promise<void> {
    await context.end()
    const left = await this.newLeftovers()
    // A leak fails one case only.
    this.#knownLeftovers = [...(this.#knownLeftovers ?? []), ...left]
    assert.deepEqual(left, [], 'the case left something in the storage')
  }

  /** Returns the leftovers that did not exist before the current case. */
  async newLeftovers(): Promise<readonly string[]> {
    const known = new Set(this.#knownLeftovers)
    return (await this.#leftovers()).filter((leftover) => !known.has(leftover))
  }

  async #leftovers(): Promise<readonly string[]> {
    return (await this.harness.leftovers?.(this.#id)) ?? []
  }

  get isFinished(): boolean {
    return this.#finished !== undefined
  }

  /**
   * Destroys the shared containers, closes the provider objects and writes the report. Only the
   * first call does it, and later calls return its result.
   */
  finish(): Promise<void> {
    this.#finished ??= this.#finish()
    return this.#finished
  }

  async #finish(): Promise<void> {
    try {
      for (const fixture of this.#fixtures.values()) {
        const container = await fixture.catch(() => undefined)
        if (container === undefined) continue
        await this.harness.bulk?.clear(container)
        await this.storage.destroyContainer(container)
      }
      await this.#nothingLeft()
    } finally {
      await Promise.all(this.#handles.map((provider) => provider.close()))
      await this.harness.cleanUp?.()
      await this.report.write()
    }
  }

  /** Asserts that no container of this run is left. */
  async #nothingLeft(): Promise<void> {
    for await (const { name } of this.storage.containers()) {
      assert.ok(!name.includes(this.#id), `the container ${name} is left`)
    }
  }
}
