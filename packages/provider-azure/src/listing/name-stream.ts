/**
 * Blobs of a container, page by page, as names of files and folders in the order of their UTF-8
 * bytes.
 */
import type { BlobItem, BlobPrefix } from '@azure/storage-blob'
import { compareNames, defined, StorageError } from '@stowage/core/provider'
import type { Account } from '../client/account.js'
import { quoted } from '../mapping/attributes.js'
import { request } from '../mapping/errors.js'
import { afterPrefix, escapedPrefix, escapedPrefixOf, fileName, isReadable } from '../mapping/names.js'

/** A file or folder of the list. */
export interface ListedName {
  readonly name: string
  /** Missing for folders. */
  readonly blob?: { readonly size: number; readonly mtime: Date; readonly etag: string }
}

interface Pending extends ListedName {
  /** The blob's name, or the prefix of several: where a later page can start to find it. */
  readonly stored: string
}

export interface NameStreamOptions {
  readonly signal: AbortSignal
  /** The prefix of the files' names. */
  readonly prefix: string
  readonly delimiter?: string | undefined
  /** Only names greater than this are returned. */
  readonly after: string | undefined
  /** The blob's name to start from, inclusive. */
  readonly from: string | undefined
  readonly ended: boolean
  /** The prefix of the blobs' names. */
  readonly servicePrefix: string
  /** Missing if this stream collapses names into folders, instead of the service. */
  readonly serviceDelimiter?: string | undefined
  /** The list ends before blobs whose names begin with this. */
  readonly end: string
}

interface ListedBlob {
  readonly stored: string
  readonly item?: BlobItem
}

interface ServicePage {
  /** In the service's order. */
  readonly listed: readonly ListedBlob[]
  readonly marker: string | undefined
}

/** The minimum page size if this stream collapses names into folders. */
const collapsedPageSize = 1000
/** The service's maximum page size. */
const maxPage = 5000

export class NameStream {
  readonly #account: Account
  readonly #container: string
  readonly #options: NameStreamOptions
  /** In the order of names. */
  #pending: Pending[] = []
  /** Where the next request starts; `undefined` at the end. */
  #next: { readonly marker?: string; readonly startFrom?: string } | undefined
  /** Prefixes under which later pages may have names that sort before names of earlier pages. */
  #unsettled: readonly string[] = []
  #folder: string | undefined
  #canSeek = true

  constructor(account: Account, container: string, options: NameStreamOptions) {
    this.#account = account
    this.#container = container
    this.#options = options
    const { ended, from, servicePrefix } = options
    // A start before the prefix has no effect.
    if (!ended) this.#next = from === undefined || from <= servicePrefix ? {} : { startFrom: from }
  }

  /**
   * Returns the next name, which stays until `shift`.
   *
   * @param wanted How many more names the caller needs.
   */
  async head(wanted: number): Promise<ListedName | undefined> {
    while (this.#next !== undefined && (this.#pending[0] === undefined || this.#isUnsettled(this.#pending[0]))) {
      await this.#read(this.#next, wanted)
    }
    return this.#pending[0]
  }

  shift(): void {
    this.#pending.shift()
  }

  /**
   * Where a later stream must start to find the remaining names of this one. Valid after `head`.
   */
  get position(): string | null {
    return this.#pending.reduce<string | null>(
      (least, { stored }) => (least === null || stored < least ? stored : least),
      null,
    )
  }

  async #read(start: { readonly marker?: string; readonly startFrom?: string }, wanted: number): Promise<void> {
    const { serviceDelimiter, delimiter, end, servicePrefix } = this.#options
    const collapses = delimiter !== undefined && serviceDelimiter === undefined
    // One more, since the name from which the list starts may be the last one returned.
    const size = Math.min(maxPage, collapses ? Math.max(wanted, collapsedPageSize) : wanted + 1)
    const { listed, marker } = await this.#request(start, size, servicePrefix, serviceDelimiter)
    const [first, last] = [listed[0]?.stored, listed.at(-1)?.stored]
    // An older version of the service ignores `startFrom`. Names before the start are then dropped.
    if (start.startFrom !== undefined && first !== undefined && first < start.startFrom) this.#canSeek = false
    for (const each of listed) if (each.stored < end) this.#add(each)
    this.#pending.sort((a, b) => compareNames(a.name, b.name))
    if (marker === undefined || (last !== undefined && last >= end)) {
      this.#next = undefined
      this.#unsettled = []
      return
    }
    const skip = collapses && this.#canSeek && last !== undefined ? this.#afterFolder(last) : undefined
    this.#next = skip === undefined ? { marker } : { startFrom: skip }
    this.#unsettled = last === undefined ? this.#unsettled : await this.#findUnsettled(last)
  }

  #add({ stored, item }: ListedBlob): void {
    const { prefix, delimiter, after, serviceDelimiter } = this.#options
    if (item === undefined) {
      this.#addName({ name: stored, stored })
      return
    }
    const name = fileName(stored)
    if (name === undefined || !name.startsWith(prefix)) return
    const end = delimiter === undefined || serviceDelimiter !== undefined ? -1 : name.indexOf(delimiter, prefix.length)
    if (end !== -1 && delimiter !== undefined) {
      this.#addName({ name: name.slice(0, end + delimiter.length), stored })
      return
    }
    if (after !== undefined && compareNames(name, after) <= 0) return
    const { contentLength: size, lastModified: mtime, etag } = item.properties
    if (size === undefined || mtime === undefined || etag === undefined) {
      throw new StorageError('BAD_RESPONSE', 'the list lacks the size, the modification time or the ETag of a file')
    }
    this.#addName({ name, stored, blob: { size, mtime, etag: quoted(etag) } })
  }

  #addName(pending: Pending): void {
    const { after } = this.#options
    if (after !== undefined && compareNames(pending.name, after) <= 0) return
    if (pending.blob === undefined) {
      // The service may return the folder again in which the previous page ended.
      if (pending.name === this.#folder) return
      this.#folder = pending.name
    }
    this.#pending.push(pending)
  }

  /** Returns the start after the folder in which the page ended, if it ended in one. */
  #afterFolder(last: string): string | undefined {
    const folder = this.#folder
    if (folder === undefined) return undefined
    const stored = last.startsWith(escapedPrefix) ? escapedPrefixOf(folder) : folder
    // The escaped form of a long folder name may be a prefix of other names too.
    return last.startsWith(stored) && fileName(last)?.startsWith(folder) === true && isReadable(folder)
      ? afterPrefix(stored)
      : undefined
  }

  /**
   * Returns the prefixes of the last name that are followed by a unit from U+D800 on. The next
   * names of the service under such a prefix may continue with U+E000 to U+FFFF. They sort before
   * names of earlier pages that continue with a character past U+FFFF. Escaped names have no such
   * characters.
   */
  async #findUnsettled(last: string): Promise<readonly string[]> {
    const candidates: string[] = []
    const start = this.#options.servicePrefix.length
    for (let index = start; index < last.length; index++) {
      const unit = last.charCodeAt(index)
      const prefix = last.slice(0, index)
      if (unit < 0xd800 || (unit & 0xfc00) === 0xdc00 || !this.#pending.some((each) => continuesPast(each, prefix)))
        continue
      if (unit >= 0xe000 || (await this.#hasHigh(prefix))) candidates.push(prefix)
    }
    return candidates
  }

  #isUnsettled(pending: Pending): boolean {
    return this.#unsettled.some((prefix) => continuesPast(pending, prefix))
  }

  /** Returns whether an unescaped name continues after the prefix with U+E000 to U+FFFF. */
  async #hasHigh(prefix: string): Promise<boolean> {
    const { listed, marker } = await this.#request({ startFrom: `${prefix}\ue000` }, 1, prefix, undefined)
    const first = listed[0]?.stored
    // In doubt, `true`: that costs requests, but keeps the order.
    return first === undefined ? marker !== undefined : first < this.#options.end
  }

  async #request(
    { marker, startFrom }: { readonly marker?: string; readonly startFrom?: string },
    size: number,
    prefix: string,
    delimiter: string | undefined,
  ): Promise<ServicePage> {
    const client = this.#account.container(this.#container)
    const options = defined({ abortSignal: this.#options.signal, prefix: prefix || undefined, startFrom })
    const settings = defined({ maxPageSize: size, continuationToken: marker })
    const page = await request({ container: this.#container }, async () => {
      const pages: AsyncIterator<{
        readonly containerName: string
        readonly segment: { readonly blobItems: BlobItem[]; readonly blobPrefixes?: BlobPrefix[] }
        readonly continuationToken?: string
      }> =
        delimiter === undefined
          ? client.listBlobsFlat(options).byPage(settings)
          : client.listBlobsByHierarchy(delimiter, options).byPage(settings)
      const { value, done } = await pages.next()
      // The SDK parses a response that is not a list as an empty list.
      if (done === true || value.containerName !== this.#container) {
        throw new StorageError('BAD_RESPONSE', 'the response is not a list of the container')
      }
      return value
    })
    const { blobItems, blobPrefixes = [] } = page.segment
    const listed = [
      ...blobItems.map((item) => ({ stored: item.name, item })),
      ...blobPrefixes.map(({ name }) => ({ stored: name })),
    ]
    return {
      // The SDK returns files and folders separately.
      listed: blobPrefixes.length === 0 ? listed : listed.toSorted((a, b) => (a.stored < b.stored ? -1 : 1)),
      marker: page.continuationToken || undefined,
    }
  }
}

/** Returns whether a name continues after this prefix with a character past U+FFFF. */
const continuesPast = ({ stored }: Pending, prefix: string): boolean =>
  stored.startsWith(prefix) && (stored.charCodeAt(prefix.length) & 0xfc00) === 0xd800
