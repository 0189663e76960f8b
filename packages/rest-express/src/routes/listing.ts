/**
 * Lists: one page with a link to the next one, or all entries, sent as they are found and not
 * collected in memory.
 */
import { type ContainerInfo, type FileEntry, type FolderEntry, type Page, StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { writePiece } from '../http/connection.js'
import { containerJson, entryJson, jsonHeaders, sendJson } from '../http/json.js'
import type { RequestContext } from './request-context.js'

/** Characters to collect before a write. */
const pieceLength = 64 * 1024

interface List<T> {
  readonly page: (options: { limit?: number; cursor?: string; signal: AbortSignal }) => Promise<Page<T>>
  readonly all: (options: { signal: AbortSignal }) => AsyncIterable<T>
  readonly json: (entry: T) => string
}

/** `GET` and `HEAD /` */
export async function listContainers(context: RequestContext): Promise<void> {
  await context.authorize('getContainers')
  const { storage } = context
  await sendList<ContainerInfo>(context, context.query, {
    page: (options) => storage.containerPage(options),
    all: (options) => storage.containers(options),
    json: containerJson,
  })
}

/** `GET` and `HEAD /:container/files` */
export async function listFiles(context: RequestContext): Promise<void> {
  const { storage, container, query } = context
  await context.authorize('getFiles', container)
  const filter = defined({
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') || undefined,
    startAfter: query.get('startAfter') ?? undefined,
  })
  const containerName = JSON.stringify(container)
  await sendList<FileEntry | FolderEntry>(context, query, {
    page: (options) => storage.filePage(container, { ...options, ...filter }),
    all: (options) => storage.files(container, { ...options, ...filter }),
    json: (entry) => entryJson(entry, containerName),
  })
}

async function sendList<T>(context: RequestContext, query: URLSearchParams, list: List<T>): Promise<void> {
  const { req, responseSignal: signal } = context
  const limit = parseLimit(query.get('limit'))
  const cursor = query.get('cursor') ?? undefined
  if (limit !== undefined || cursor !== undefined) {
    await sendPage(context, query, list, {
      signal,
      ...defined({ limit, cursor }),
    })
  } else if (req.method === 'HEAD') {
    // The length of the whole list is not known before it is complete; one entry shows that there
    // is a list.
    await list.page({ signal, limit: 1 })
    context.res.writeHead(200, jsonHeaders).end()
  } else {
    await sendAll(context, list)
  }
}

async function sendPage<T>(
  { res }: RequestContext,
  query: URLSearchParams,
  list: List<T>,
  options: Parameters<List<T>['page']>[0],
): Promise<void> {
  const page = await list.page(options)
  const json = `[${page.entries.map(list.json).join(',')}]`
  if (page.cursor === undefined) {
    sendJson(res, 200, json)
    return
  }
  // Relative to the URL of the request, so that it is correct behind any proxy.
  const next = new URLSearchParams(query)
  next.set('cursor', page.cursor)
  sendJson(res, 200, json, { Link: `<?${next}>; rel="next"` })
}

async function sendAll<T>({ res, responseSignal: signal }: RequestContext, list: List<T>): Promise<void> {
  let piece = '['
  let first = true
  for await (const entry of list.all({ signal })) {
    if (first) first = false
    else piece += ','
    piece += list.json(entry)
    if (piece.length < pieceLength) continue
    if (!res.headersSent) res.writeHead(200, jsonHeaders)
    await writePiece(res, piece)
    piece = ''
  }
  piece += ']'
  if (res.headersSent) res.end(piece)
  else sendJson(res, 200, piece)
}

function parseLimit(value: string | null): number | undefined {
  if (value === null) return undefined
  const limit = /^\d{1,15}$/.test(value) ? Number(value) : 0
  if (limit >= 1) return limit
  throw new StorageError('INVALID_ARGUMENT', 'limit must be an integer of 1 or more', {
    details: { property: 'limit' },
  })
}
