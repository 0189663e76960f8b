/**
 * Whether a data source's settings are good: by using them.
 */
import { DataSource } from '@stowage/core'
import type { Entry } from './data-source-file.js'

/** Milliseconds that a service has for its answer. */
const patience = 30_000

export interface Trial {
  readonly name: string
  readonly entry: Entry & { readonly provider: string }
  /** Where the file of the data sources is. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Signs in and asks for the first container; rejects as the storage does. */
export async function signIn({ name, entry, directory, environment, signal }: Trial): Promise<void> {
  await using storage = await new DataSource(name, entry, { directory, environment }).createStorage()
  await storage.containerPage({ limit: 1, signal, timeout: patience })
}
