/**
 * The storages of `datasources.json`, each with its routes. One that cannot be created is kept with
 * its error, so that the others are served.
 */
import {
  type Capabilities,
  type DataSource,
  isStorageError,
  type PolicyRules,
  StorageError,
  type StorageService,
  uploadSettings,
} from '@stowage/core'
import { describeCause } from '@stowage/core/provider'
import { type StorageRouterOptions, storageRouter } from '@stowage/rest-express'
import type { RequestHandler } from 'express'

/** A data source with an open storage. */
interface OpenStorage {
  readonly name: string
  readonly provider: string
  readonly storage: StorageService
  /** Bytes: the limit of the data source, else the default. */
  readonly maxFileSize: number
  /** The rules of its upload policy, which the page shows before a visitor tries. */
  readonly rules: PolicyRules | undefined
  /** The routes below `/containers`. */
  readonly router: RequestHandler
}

/** A data source whose storage could not be created. The error contains no secret. */
interface FailedStorage {
  readonly name: string
  readonly provider: string
  readonly error: StorageError
}

export type ConfiguredStorage = OpenStorage | FailedStorage

/** Opens every storage. The upload settings of a data source override `defaults`. */
export async function openStorages(
  sources: Iterable<DataSource>,
  defaults: StorageRouterOptions,
): Promise<ReadonlyMap<string, ConfiguredStorage>> {
  const storages = await Promise.all(Array.from(sources, (source) => openStorage(source, defaults)))
  return new Map(storages.map((each) => [each.name, each]))
}

async function openStorage(source: DataSource, defaults: StorageRouterOptions): Promise<ConfiguredStorage> {
  const { name, provider } = source
  try {
    const options: StorageRouterOptions = { ...defaults, ...uploadOptions(source) }
    const storage = await source.createStorage()
    const router = storageRouter(storage, options)
    const rules = rulesOf(source)
    const { maxSize = Number.POSITIVE_INFINITY } = rules ?? {}
    const maxFileSize = Math.min(Number(options.maxFileSize), storage.capabilities.maxFileSize, maxSize)
    return { name, provider, storage, maxFileSize, rules, router }
  } catch (error) {
    return { name, provider, error: isStorageError(error) ? error : brokenPackage(error) }
  }
}

const uploadOptions = ({ settings }: DataSource): StorageRouterOptions =>
  Object.fromEntries(uploadSettings.filter((name) => name in settings).map((name) => [name, settings[name]]))

/** The rules that a page can show. In a file, all of them are plain data. */
function rulesOf({ settings }: DataSource): PolicyRules | undefined {
  const policy = settings.policy as PolicyRules | undefined
  const allowed = settings.allowedContentTypes as readonly string[] | undefined
  if (allowed === undefined) return policy
  return { ...policy, types: policy?.types?.filter((type) => allowed.includes(type)) ?? allowed }
}

/** An error from loading a provider's package may contain anything, so its message is not shown. */
const brokenPackage = (error: unknown): StorageError =>
  new StorageError('INTERNAL', 'the provider could not be loaded', { cause: describeCause(error) })

/**
 * Sends one request to every storage, which creates missing roots and finds wrong settings at the
 * start. Returns the errors by the names of the data sources.
 */
export async function contactStorages(
  storages: ReadonlyMap<string, ConfiguredStorage>,
  timeout: number,
): Promise<ReadonlyMap<string, unknown>> {
  const errors = new Map<string, unknown>()
  await Promise.all(
    Array.from(storages.values(), async (each) => {
      if ('error' in each) return
      await each.storage.containerPage({ limit: 1, timeout }).catch((error: unknown) => errors.set(each.name, error))
    }),
  )
  return errors
}

export async function closeStorages(storages: ReadonlyMap<string, ConfiguredStorage>): Promise<void> {
  await Promise.allSettled([...storages.values()].map((each) => ('storage' in each ? each.storage.close() : undefined)))
}

/** The public description of a data source. */
export type StorageDescription =
  | {
      readonly name: string
      readonly provider: string
      readonly capabilities: Capabilities
      readonly maxFileSize: number
      readonly rules?: PolicyRules
    }
  | {
      readonly name: string
      readonly provider: string
      readonly error: { readonly code: string; readonly message: string }
    }

export function describeStorage(configured: ConfiguredStorage): StorageDescription {
  const { name, provider } = configured
  if ('error' in configured) {
    const { code, message } = configured.error
    return { name, provider, error: { code, message } }
  }
  const { storage, maxFileSize, rules } = configured
  return { name, provider, capabilities: storage.capabilities, maxFileSize, ...(rules && { rules }) }
}
