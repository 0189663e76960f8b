/**
 * Uploads that a reload or a crash of the page interrupted. The server has their first bytes, and
 * the browser's local storage has their URLs, which tus-js-client stores there. Only the file is
 * missing: a page can read it only after the user has chosen it again.
 */
import { defaultOptions, type PreviousUpload, type UrlStorage } from 'tus-js-client'
import type { UploadPlace } from './upload-file.ts'

export interface Interrupted {
  /** The upload's URL. */
  readonly url: string
  /** The name of the data source. */
  readonly source: string
  readonly container: string
  /** The whole name in the container. */
  readonly path: string
  readonly size: number
  /** When the file was last modified, in milliseconds since the epoch. */
  readonly modified: number
  /** Bytes that are stored; absent if the server cannot say. */
  readonly offset?: number
  /** What tus-js-client stores about the upload. */
  readonly previous: PreviousUpload
}

/** What identifies a file, as far as a page can see it. */
interface Candidate extends Pick<UploadPlace, 'container'> {
  readonly source: string
  readonly path: string
  readonly size: number
  readonly modified: number
}

const urlStorage = defaultOptions.urlStorage as UrlStorage

const gone: ReadonlySet<number> = new Set([403, 404, 410])

/** Returns the stored uploads of this site, without asking the server. */
async function readAll(): Promise<readonly Interrupted[]> {
  const base = new URL('api/datasources/', document.baseURI).href
  const uploads = await urlStorage.findAllUploads()
  return uploads.flatMap((previous) => {
    const { uploadUrl: url, size, metadata } = previous
    if (url === null || size === null || !url.startsWith(base)) return []
    const [source = '', , container = ''] = url.slice(base.length).split('/').map(decodeURIComponent)
    const { filename: path = '', modified = '' } = metadata
    return [{ url, source, container, path, size, modified: Number(modified), previous }]
  })
}

/** Returns the interrupted upload that a file continues. */
export async function interruptedBy(file: Candidate): Promise<Interrupted | undefined> {
  const { source, container, path, size, modified } = file
  return (await readAll()).find(
    (each) =>
      each.source === source &&
      each.container === container &&
      each.path === path &&
      each.size === size &&
      each.modified === modified,
  )
}

/**
 * Returns the storage for one upload of tus-js-client, in which it finds the upload that it
 * continues.
 */
export const continuing = ({ previous }: Interrupted): UrlStorage => ({
  findAllUploads: () => urlStorage.findAllUploads(),
  findUploadsByFingerprint: async () => [previous],
  addUpload: (fingerprint, upload) => urlStorage.addUpload(fingerprint, upload),
  removeUpload: (key) => urlStorage.removeUpload(key),
})

async function forget(url: string): Promise<void> {
  for (const upload of await readAll()) {
    if (upload.url === url) await urlStorage.removeUpload(upload.previous.urlStorageKey)
  }
}

/**
 * Returns the interrupted uploads, with their offsets. Forgets those that the server no longer has.
 *
 * @param active The URLs of the uploads that this page and others are sending.
 */
export async function findInterrupted(active: ReadonlySet<string>): Promise<readonly Interrupted[]> {
  const found = await Promise.all(
    (await readAll()).map(async (upload) => {
      if (active.has(upload.url)) return []
      const response = await fetch(upload.url, { method: 'HEAD', headers: tus }).catch(() => undefined)
      if (response !== undefined && gone.has(response.status)) {
        await forget(upload.url)
        return []
      }
      const offset = response?.headers.get('Upload-Offset')
      return [offset === undefined || offset === null ? upload : { ...upload, offset: Number(offset) }]
    }),
  )
  return found.flat()
}

/** Deletes an upload from the storage. Throws if the server cannot be reached. */
export async function discard(url: string): Promise<void> {
  const { ok, status } = await fetch(url, { method: 'DELETE', headers: tus })
  if (!ok && !gone.has(status)) throw new Error(`the upload could not be deleted: status ${status}`)
  await forget(url)
}

const tus = { 'Tus-Resumable': '1.0.0' }

/** Milliseconds in which other tabs of this site respond. */
const responseTime = 300

/** Tells other tabs which uploads this one is sending, and asks them the same. */
export class OtherTabs {
  readonly #channel = new BroadcastChannel('stowage-uploads')
  /** The responses to the questions that are pending. */
  readonly #asking = new Set<Set<string>>()

  /** @param own Returns the URLs of this tab's uploads. */
  constructor(own: () => readonly string[]) {
    this.#channel.onmessage = ({ data }: MessageEvent<'which?' | readonly string[]>) => {
      if (data === 'which?') this.#channel.postMessage(own())
      else for (const active of this.#asking) for (const url of data) active.add(url)
    }
  }

  /** Resolves with the URLs of the uploads that other tabs are sending. */
  async active(): Promise<ReadonlySet<string>> {
    const active = new Set<string>()
    this.#asking.add(active)
    this.#channel.postMessage('which?')
    await new Promise((resolve) => setTimeout(resolve, responseTime))
    this.#asking.delete(active)
    return active
  }
}
