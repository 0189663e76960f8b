/**
 * The REST API, as this page uses it.
 */

/** An error response, with the server's message. */
export class ApiError extends Error {
  readonly statusCode: number
  readonly code: string

  constructor(statusCode: number, code: string, message: string) {
    super(message)
    this.statusCode = statusCode
    this.code = code
  }
}

/** The rules of an upload policy that a page can show. */
interface UploadRules {
  readonly types?: readonly string[]
  readonly names?: string
  /** Pixels. */
  readonly image?: { readonly maxWidth?: number; readonly maxHeight?: number; readonly maxPixels?: number }
}

/** A data source, with the capabilities that the page needs. */
export interface DataSource {
  readonly name: string
  readonly provider: string
  /** The one that `/api/containers` serves. */
  readonly main: boolean
  /** Bytes. Absent if there is an error. */
  readonly maxFileSize?: number
  /** The rules of its upload policy. */
  readonly rules?: UploadRules
  readonly capabilities?: {
    readonly conditions: { readonly create: 'atomic' | 'emulated' | false }
    /** Present if clients can send parts of files to the storage itself, or to its router. */
    readonly directUploads?: { readonly throughRouter?: boolean }
  }
  /** Why it cannot be used. */
  readonly error?: { readonly code: string; readonly message: string }
}

export interface Container {
  readonly name: string
}

export interface FileEntry {
  readonly name: string
  readonly folder?: undefined
  /** Bytes. */
  readonly size: number
  readonly mtime: string
  readonly etag?: string
}

interface FolderEntry {
  /** With a slash at its end. */
  readonly name: string
  readonly folder: true
}

export type Entry = FileEntry | FolderEntry

export interface FileInfo extends FileEntry {
  readonly container: string
  readonly etag: string
  readonly created?: string
  readonly contentType: string
  readonly cacheControl?: string
  readonly contentDisposition?: string
  readonly contentEncoding?: string
  readonly contentLanguage?: string
  readonly metadata: Readonly<Record<string, string>>
  readonly checksums: Readonly<Record<string, string>>
}

/** A direct upload, with the URLs of its first parts. */
export interface DirectUpload {
  readonly ticket: string
  /** Bytes. */
  readonly partSize: number
  /** Parts of the file. */
  readonly count: number
  readonly parts: readonly DirectPart[]
}

export interface DirectPart {
  readonly partNumber: number
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly expires: string
}

interface NewDirectUpload {
  readonly file: string
  readonly size: number
  readonly contentType?: string
  readonly conditions?: { readonly ifNoneMatch: '*' }
}

/** Whether the page may send files to the storage itself. */
export interface DirectAccess {
  /** What the service's CORS rules lack. */
  readonly problems: readonly string[]
  /** Whether the page can set the rules. */
  readonly canAllow: boolean
}

export interface FilePlace {
  readonly container: string
  readonly file: string
}

/** One page of a list, and the address of the next one. */
export interface Page<T> {
  readonly entries: readonly T[]
  readonly next: string | undefined
}

export async function dataSources(): Promise<readonly DataSource[]> {
  return (await request('api/datasources')).json() as Promise<readonly DataSource[]>
}

/** The containers and files of one data source. */
export class Storage {
  readonly source: DataSource
  readonly #base: string

  constructor(source: DataSource) {
    this.source = source
    this.#base = `api/datasources/${encodeURIComponent(source.name)}/containers`
  }

  /** Whether the storage can refuse a write because the file exists. */
  get createOnly(): boolean {
    return this.source.capabilities?.conditions.create !== false
  }

  containers(next?: string): Promise<Page<Container>> {
    return page(next ?? `${this.#base}?limit=500`)
  }

  createContainer(name: string): Promise<Response> {
    return request(this.#base, { method: 'POST', ...json({ name }) })
  }

  destroyContainer(container: string): Promise<Response> {
    return request(this.#url(container), { method: 'DELETE' })
  }

  files(container: string, options: ListOptions): Promise<Page<Entry>> {
    const { prefix, flat = false, limit, next, signal } = options
    if (next !== undefined) return page(withLimit(next, limit), signal)
    const query = new URLSearchParams({ prefix, limit: String(limit), ...(flat ? {} : { delimiter: '/' }) })
    return page(`${this.#url(container, 'files')}?${query}`, signal)
  }

  async file(container: string, file: string, signal?: AbortSignal): Promise<FileInfo> {
    return (await request(this.fileUrl(container, file), { signal })).json() as Promise<FileInfo>
  }

  /**
   * Reads a list that begins with the file if it exists. A request for the file would fail with
   * 404, which browsers report as an error of the page.
   */
  async hasFile(container: string, file: string): Promise<boolean> {
    const { entries } = await this.files(container, { prefix: file, flat: true, limit: 1 })
    return entries[0]?.name === file
  }

  /** The beginning of a file as text. */
  async text(container: string, file: string, maxBytes: number, signal: AbortSignal): Promise<string> {
    const headers = { Range: `bytes=0-${maxBytes - 1}` }
    const response = await request(this.downloadUrl(container, file), { headers, signal })
    return new TextDecoder().decode(await response.arrayBuffer())
  }

  async transfer(kind: 'copy' | 'move', from: FilePlace, to: FilePlace, replace = false): Promise<FileInfo> {
    const { headers, body } = json({ file: from.file, to })
    const conditions: Record<string, string> = replace || !this.createOnly ? {} : { 'If-None-Match': '*' }
    const url = this.#url(from.container, kind)
    const response = await request(url, { method: 'POST', headers: { ...headers, ...conditions }, body })
    return response.json() as Promise<FileInfo>
  }

  /** Returns the names that could not be deleted, with the reasons. */
  async remove(container: string, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const response = await request(this.#url(container, 'remove'), { method: 'POST', ...json({ files }) })
    const outcomes = (await response.json()) as readonly { file: string; error?: { message: string } }[]
    return new Map(outcomes.flatMap(({ file, error }) => (error === undefined ? [] : [[file, error.message] as const])))
  }

  /** Asks what keeps the page from sending files to the storage itself, and may allow it first. */
  async directAccess(container: string, allow: boolean): Promise<DirectAccess> {
    const url = `api/datasources/${encodeURIComponent(this.source.name)}/direct`
    const response = await request(url, { method: 'POST', ...json({ container, allow }) })
    return response.json() as Promise<DirectAccess>
  }

  async startDirect(container: string, upload: NewDirectUpload, signal: AbortSignal): Promise<DirectUpload> {
    const response = await request(this.#url(container, 'direct'), { method: 'POST', ...json(upload), signal })
    return response.json() as Promise<DirectUpload>
  }

  /** Signs URLs for a part and for those after it. */
  async signDirect(
    container: string,
    ticket: string,
    from: number,
    signal: AbortSignal,
  ): Promise<readonly DirectPart[]> {
    const url = `${this.#url(container, 'direct', ticket, 'parts')}?from=${from}`
    const response = await request(url, { method: 'POST', signal })
    return ((await response.json()) as Pick<DirectUpload, 'parts'>).parts
  }

  async completeDirect(container: string, ticket: string, signal: AbortSignal): Promise<FileInfo> {
    const url = this.#url(container, 'direct', ticket, 'complete')
    return (await request(url, { method: 'POST', signal })).json() as Promise<FileInfo>
  }

  async deleteDirect(container: string, ticket: string): Promise<void> {
    await request(this.#url(container, 'direct', ticket), { method: 'DELETE' })
  }

  fileUrl(container: string, file: string): string {
    return this.#url(container, 'files', file)
  }

  /** Where tus uploads start: absolute, as tus-js-client needs it. */
  uploadsUrl(container: string): string {
    return new URL(this.#url(container, 'uploads'), document.baseURI).href
  }

  downloadUrl(container: string, file: string): string {
    return this.#url(container, 'download', file)
  }

  /** Every name is one segment: a slash in it becomes `%2F`. */
  #url(...segments: readonly string[]): string {
    return [this.#base, ...segments.map(encodeURIComponent)].join('/')
  }
}

export interface ListOptions {
  readonly prefix: string
  /** Files at any depth, instead of folders. */
  readonly flat?: boolean
  readonly limit: number
  readonly next?: string | undefined
  readonly signal?: AbortSignal
}

const json = (body: unknown) => ({
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})

function withLimit(url: string, limit: number): string {
  const changed = new URL(url)
  changed.searchParams.set('limit', String(limit))
  return changed.href
}

async function page<T>(url: string, signal?: AbortSignal): Promise<Page<T>> {
  const response = await request(url, { signal })
  const link = /<([^>]*)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')
  const entries = (await response.json()) as readonly T[]
  return { entries, next: link?.[1] === undefined ? undefined : new URL(link[1], response.url).href }
}

interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

async function request(url: string, options: RequestOptions = {}): Promise<Response> {
  const response = await send(url, options)
  if (response.ok) return response
  throw errorOf(response.status, await response.text())
}

async function send(url: string, { signal, ...options }: RequestOptions): Promise<Response> {
  try {
    return await fetch(url, { ...options, signal: signal ?? null })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, 'UNREACHABLE', 'the server is unreachable')
  }
}

/** Returns the server's error. A proxy's response may have another form. */
export function errorOf(statusCode: number, body: string): ApiError {
  if (statusCode === 0) return new ApiError(0, 'UNREACHABLE', 'the connection to the server broke')
  try {
    const { code, message } = (JSON.parse(body) as { error: { code: string; message: string } }).error
    return new ApiError(statusCode, code, message)
  } catch {
    return new ApiError(statusCode, '', `the server responded with status ${statusCode}`)
  }
}

/** Returns the message of an error as a sentence. */
export function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.charAt(0).toUpperCase() + message.slice(1)
}
