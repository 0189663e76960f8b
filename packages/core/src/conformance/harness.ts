/**
 * What the suite needs to know of a provider, and of the test runner that runs it.
 */
import type { StorageProvider } from '../provider.js'

/**
 * What a provider's author writes. The provider's declared capabilities decide which cases apply; nothing here does.
 */
export interface ConformanceHarness {
  /**
   * Makes a provider. Does no I/O. Every call makes another handle on the same storage, as another process would: what one
   * writes, the others read. The suite closes each of them.
   */
  createProvider(): StorageProvider
  /**
   * A container's name that is valid and free, made from a seed of lower-case letters, digits and single hyphens that is
   * unique in all runs. Default: the seed itself, which is valid on every service that the project knows.
   */
  containerName?(seed: string): string
  /**
   * What the storage holds beside files, their attributes and unfinished uploads, such as temporary files: asked after every case,
   * when nothing is under way, and must be empty then. `run` stands in the seed of each container of this run and of no other, which
   * tells its own from what others do meanwhile in the same account.
   */
  leftovers?(run: string): Promise<readonly string[]>
  /**
   * Puts many small files into a container at once, and removes them at once: directly in the storage,
   * or through an interface for bulk changes. Used where a case needs a thousand files or more and does
   * not test how they are written or removed. Default: the provider, file by file.
   */
  readonly bulk?: {
    /** Puts files with any content. */
    put(container: string, files: readonly string[]): Promise<void>
    /** Removes every file of the container. */
    clear(container: string): Promise<void>
  }
  /** What answers, with its version, such as `Azurite 3.37.0`: for the report. */
  readonly server?: string
  /** Strings that no error may show: keys, passwords, paths of the server. */
  readonly secrets?: readonly string[]
  /** Called once, after the last case and when every provider is closed. */
  cleanUp?(): Promise<void>
}

/**
 * A test runner: `{ describe, it }` of vitest or node:test as they are. For mocha, whose `it` takes no options:
 * `{ describe, it: (title, { timeout, skip }, run) => (skip ? it.skip(title) : it(title, run).timeout(timeout)) }`.
 */
export interface TestRunner {
  describe(title: string, define: () => void): unknown
  it(title: string, options: { readonly timeout: number; readonly skip?: boolean }, run: () => Promise<void>): unknown
}
