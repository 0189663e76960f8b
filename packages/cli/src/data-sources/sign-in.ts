/**
 * Checks the settings of a data source by using them.
 */
import { DataSource } from '@stowage/core'
import type { Entry } from './data-source-file.js'

/** Milliseconds in which the service must respond. */
const patience = 30_000

export interface Trial {
  readonly name: string
  readonly entry: Entry & { readonly provider: string }
  /** The directory of the file of the data sources. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Signs in and lists the first container. Rejects as the storage does. */
export async function signIn({ name, entry, directory, environment, signal }: Trial): Promise<void> {
  await using storage = await new DataSource(name, entry, { directory, environment }).createStorage()
  await storage.containerPage({ limit: 1, signal, timeout: patience })
}
