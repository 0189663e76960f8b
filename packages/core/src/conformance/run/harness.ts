/**
 * What the suite needs from the author of a provider, and from a test runner.
 */
import type { StorageProvider } from '../../provider.js'

/**
 * A way in which a service fails.
 *
 * - `unreachable`: no connection is possible.
 * - `silent`: it accepts connections and requests, and never responds.
 * - `busy`: it asks to retry later.
 * - `refused`: it rejects the credentials.
 * - `full`: it has room for small files, but not for 16 MiB.
 */
export type ServiceFault = 'unreachable' | 'silent' | 'busy' | 'refused' | 'full'

/** How another process opens the storage. */
export interface ProcessSettings {
  /**
   * The URL of the provider's module, which exports `settings` and `createProvider`, as
   * `createStorage` accepts it. Node must be able to import it.
   */
  readonly module: string
  /** The settings of a data source: plain data that JSON can hold. */
  readonly settings: Readonly<Record<string, unknown>>
}

/**
 * What the author of a provider writes. Only the provider's declared capabilities, and hooks that
 * are missing here, rule out cases.
 */
export interface ConformanceHarness {
  /**
   * Creates a provider. Does no I/O. Each call returns a new provider object for the same storage:
   * what one writes, the others read. The suite closes each of them.
   */
  createProvider(): StorageProvider
  /**
   * Returns a valid, unused container name for a seed. The seed consists of lower-case letters,
   * digits and single hyphens, and is unique in all runs. Default: the seed itself, which is valid
   * on every service that the project supports.
   */
  containerName?(seed: string): string
  /**
   * Returns what the storage holds in addition to files, their attributes and unfinished uploads,
   * such as temporary files, chunks of failed writes and old bytes of parts: one string for each,
   * which stays the same. Called before the first case, during cases and after every case, when no
   * operation is pending. A case fails if the result has an entry that it did not have before the
   * case. `run` is a part of each container seed of this run and of no other run, so that the
   * harness can ignore what other processes do in the same account.
   */
  leftovers?(run: string): Promise<readonly string[]>
  /**
   * Returns the same text for names that the storage treats as the same, as a volume that ignores
   * case does. Cases then expect `NAME_CONFLICT` for the second spelling of a file or a folder, or
   * do without it. Default: all names differ.
   */
  fold?(name: string): string
  /**
   * Stores and removes many small files at once: directly in the storage, or through an interface
   * for bulk changes. Used if a case needs a thousand files or more and does not test how they are
   * written or removed. Default: the provider, file by file.
   */
  readonly bulk?: {
    /** Stores files with any content. */
    put(container: string, files: readonly string[]): Promise<void>
    /** Removes all files of the container. */
    clear(container: string): Promise<void>
  }
  /** The server and its version, such as `Azurite 3.37.0`, for the report. */
  readonly server?: string
  /** The version of the provider's package, for the report. */
  readonly version?: string
  /** Strings that no error may contain: keys, passwords, paths of the server. */
  readonly secrets?: readonly string[]
  /**
   * How other processes open the same storage as `createProvider`. The suite starts some, and races
   * them. Omit it if processes cannot share the storage.
   */
  readonly otherProcess?: ProcessSettings
  /**
   * Moves the clock from which the storage takes `mtime` by this number of milliseconds, relative
   * to the real time; 0 restores it. Omit it if that clock belongs to a service or to the kernel.
   */
  moveClock?(milliseconds: number): void | Promise<void>
  /**
   * Returns the number of connections, descriptors and transactions that the provider has open in
   * this process, with or without idle connections.
   */
  open?(): number | Promise<number>
  /**
   * Creates providers whose service fails, for each way that the service can fail. The suite closes
   * them.
   */
  readonly breakService?: { readonly [Fault in ServiceFault]?: () => StorageProvider | Promise<StorageProvider> }
  /**
   * Milliseconds after which a case that hangs fails. A busy machine needs ten times as long as an
   * idle one. Default: 600,000.
   */
  readonly timeout?: number
  /** Called once, after the last case, when every provider object is closed. */
  cleanUp?(): Promise<void>
}

/**
 * A test runner: `{ describe, it, after: afterAll }` of vitest or `{ describe, it, after }` of
 * node:test. For mocha, whose `it` has no options:
 *
 * ```ts
 * const runner = {
 *   describe,
 *   it: (title, { timeout, skip }, run) =>
 *     skip ? it.skip(title) : it(title, run).timeout(timeout),
 *   after,
 * }
 * ```
 */
export interface TestRunner {
  describe(title: string, define: () => void): unknown
  it(title: string, options: { readonly timeout: number; readonly skip?: boolean }, run: () => Promise<void>): unknown
  /**
   * Runs a function after the tests of a `describe`. With it, a run of selected cases also destroys
   * what they share, closes its provider objects, calls `cleanUp` and writes its result. Without
   * it, select `Z.1` too.
   */
  after?(run: () => Promise<void>): unknown
}
