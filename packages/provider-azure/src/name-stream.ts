/**
 * Blobs of a container, page by page, as names of files and folders in the order of their UTF-8 bytes.
 */
import type { BlobItem, BlobPrefix } from '@azure/storage-blob'
import { compareNames, StorageError } from '@stowage/core/provider'
import type { Account } from './account.js'
import { quoted } from './attributes.js'
import { request } from './errors.js'
import { afterPrefix, escapedPrefix, escapedPrefixOf, fileName, isReadable } from './names.js'

/** A file or folder as the list shows it. */
export interface ListedName {
  readonly name: string
  /** Left out for folders. */
  readonly blob?: { readonly size: number; readonly mtime: Date; readonly etag: string }
}

interface Pending extends ListedName {
  /** The blob's own name, or the prefix of several: where a later page can start to find it. */
  readonly stored: string
}

export interface NameStreamOptions {
  readonly signal: AbortSignal
  /** Of the files' names. */
  readonly prefix: string
  readonly delimiter?: string | undefined
  /** Only names greater than this. */
  readonly after: string | undefined
  /** The blob's name to start from, itself included. */
  readonly from: string | undefined
  readonly ended: boolean
  /** Of the blobs' names. */
  readonly servicePrefix: string
  /** Left out when the names are collapsed here. */
  readonly serviceDelimiter?: string | undefined
  /** The list ends before blobs that begin with this. */
  readonly end: string
}

interface Listed {
  readonly stored: string
  readonly item?: BlobItem
}

interface ServicePage {
  /** In the service's order. */
  readonly listed: readonly Listed[]
  readonly marker: string | undefined
}

/** Names asked for at least when folders are made of them here. */
const collapsedPage = 1000
/** The most that the service gives at once. */
const largestPage = 5000

export class NameStream {
  readonly #account: Account
  readonly #container: string
  readonly #options: NameStreamOptions
  /** In the order of names. */
  #pending: Pending[] = []
  /** What the next request starts with; nothing when all has been read. */
  #next: { readonly marker?: string; readonly startFrom?: string } | undefined
  /** Prefixes under which the service has names yet to come that sort before some that it has given. */
  #unsettled: readonly string[] = []
  #folder: string | undefined
  #canSeek = true

  constructor(account: Account, container: string, options: NameStreamOptions) {
    this.#account = account
    this.#container = container
    this.#options = options
    const { ended, from, servicePrefix } = options
    // A start before the prefix says nothing.
    if (!ended) this.#next = from === undefined || from <= servicePrefix ? {} : { startFrom: from }
  }

  /** The next name, which stays until `shift`. `wanted`: how many names are still of use. */
  async head(wanted: number): Promise<ListedName | undefined> {
    while (this.#next !== undefined && (this.#pending[0] === undefined || this.#isUnsettled(this.#pending[0]))) {
      await this.#read(this.#next, wanted)
    }
    return this.#pending[0]
  }

  shift(): void {
    this.#pending.shift()
  }

  /** Where a later stream has to start to find what this one has left; to be asked after `head`. */
  get position(): string | null {
    return this.#pending.reduce<string | null>(
      (least, { stored }) => (least === null || stored < least ? stored : least),
      null,
    )
  }

  async #read(start: { readonly marker?: string; readonly startFrom?: string }, wanted: number): Promise<void> {
    const { serviceDelimiter, delimiter, end, servicePrefix } = this.#options
    const collapses = delimiter !== undefined && serviceDelimiter === undefined
    // One more, since the name that the list starts from may be the last one shown.
    const size = Math.min(largestPage, collapses ? Math.max(wanted, collapsedPage) : wanted + 1)
    const { listed, marker } = await this.#request(start, size, servicePrefix, serviceDelimiter)
    const [first, last] = [listed[0]?.stored, listed.at(-1)?.stored]
    // A service of an older version: what comes before the start is dropped here.
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

  #add({ stored, item }: Listed): void {
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
      throw new StorageError('BAD_RESPONSE', 'the list does not say size, time of change and ETag of a file')
    }
    this.#addName({ name, stored, blob: { size, mtime, etag: quoted(etag) } })
  }

  #addName(pending: Pending): void {
    const { after } = this.#options
    if (after !== undefined && compareNames(pending.name, after) <= 0) return
    if (pending.blob === undefined) {
      // The service may show a folder again that the page before ended in.
      if (pending.name === this.#folder) return
      this.#folder = pending.name
    }
    this.#pending.push(pending)
  }

  /** Past the folder that the page ended in, when it did. */
  #afterFolder(last: string): string | undefined {
    const folder = this.#folder
    if (folder === undefined) return undefined
    const stored = last.startsWith(escapedPrefix) ? escapedPrefixOf(folder) : folder
    // The escaped form of a long folder's name may be the beginning of others too.
    return last.startsWith(stored) && fileName(last)?.startsWith(folder) === true && isReadable(folder)
      ? afterPrefix(stored)
      : undefined
  }

  /**
   * The prefixes of the last name at which it goes on with a character from U+D800 on, by units: what the service gives next
   * under such a prefix may begin with U+E000 to U+FFFF and belong before names, given already, that go on with a character
   * past U+FFFF. Escaped names have no such characters.
   */
  async #findUnsettled(last: string): Promise<readonly string[]> {
    const candidates: string[] = []
    const start = this.#options.servicePrefix.length
    for (let index = start; index < last.length; index++) {
      const unit = last.charCodeAt(index)
      const prefix = last.slice(0, index)
      if (unit < 0xd800 || (unit & 0xfc00) === 0xdc00 || !this.#pending.some((each) => goesOnPast(each, prefix)))
        continue
      if (unit >= 0xe000 || (await this.#hasHigh(prefix))) candidates.push(prefix)
    }
    return candidates
  }

  #isUnsettled(pending: Pending): boolean {
    return this.#unsettled.some((prefix) => goesOnPast(pending, prefix))
  }

  /** Whether a natural name goes on after the prefix with U+E000 to U+FFFF. */
  async #hasHigh(prefix: string): Promise<boolean> {
    const { listed, marker } = await this.#request({ startFrom: `${prefix}\ue000` }, 1, prefix, undefined)
    const first = listed[0]?.stored
    // When in doubt there is, which costs requests and no order.
    return first === undefined ? marker !== undefined : first < this.#options.end
  }

  async #request(
    { marker, startFrom }: { readonly marker?: string; readonly startFrom?: string },
    size: number,
    prefix: string,
    delimiter: string | undefined,
  ): Promise<ServicePage> {
    const client = this.#account.container(this.#container)
    const options = {
      abortSignal: this.#options.signal,
      ...(prefix === '' ? {} : { prefix }),
      ...(startFrom === undefined ? {} : { startFrom }),
    }
    const settings = { maxPageSize: size, ...(marker === undefined ? {} : { continuationToken: marker }) }
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
      // What is no list at all, the SDK takes for an empty one.
      if (done === true || value.containerName !== this.#container) {
        throw new StorageError('BAD_RESPONSE', 'the answer is no list of the container')
      }
      return value
    })
    const { blobItems, blobPrefixes = [] } = page.segment
    const listed = [
      ...blobItems.map((item) => ({ stored: item.name, item })),
      ...blobPrefixes.map(({ name }) => ({ stored: name })),
    ]
    return {
      // The SDK gives files and folders one after the other.
      listed: blobPrefixes.length === 0 ? listed : listed.toSorted((a, b) => (a.stored < b.stored ? -1 : 1)),
      marker: page.continuationToken || undefined,
    }
  }
}

/** Whether a name goes on after this prefix with a character past U+FFFF. */
const goesOnPast = ({ stored }: Pending, prefix: string): boolean =>
  stored.startsWith(prefix) && (stored.charCodeAt(prefix.length) & 0xfc00) === 0xd800
