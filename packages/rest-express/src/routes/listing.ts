/**
 * Lists: one page with a link to the next one, or everything, sent as it is found and never held in memory.
 */
import { type ContainerInfo, type FileEntry, type FolderEntry, type Page, StorageError } from '@stowage/core'
import { writePiece } from '../http/connection.js'
import { containerJson, entryJson, jsonHeaders, sendJson } from '../http/json.js'
import type { Exchange } from './request-context.js'

/** Characters that are gathered before they are written. */
const pieceLength = 64 * 1024

interface List<T> {
  readonly page: (options: { limit?: number; cursor?: string; signal: AbortSignal }) => Promise<Page<T>>
  readonly all: (options: { signal: AbortSignal }) => AsyncIterable<T>
  readonly json: (entry: T) => string
}

/** `GET` and `HEAD /` */
export async function listContainers(exchange: Exchange): Promise<void> {
  await exchange.authorize('getContainers')
  const { storage } = exchange
  await sendList<ContainerInfo>(exchange, exchange.query, {
    page: (options) => storage.containerPage(options),
    all: (options) => storage.containers(options),
    json: containerJson,
  })
}

/** `GET` and `HEAD /:container/files` */
export async function listFiles(exchange: Exchange): Promise<void> {
  const { storage, container, query } = exchange
  await exchange.authorize('getFiles', container)
  const delimiter = query.get('delimiter') ?? ''
  const startAfter = query.get('startAfter')
  const filter = {
    prefix: query.get('prefix') ?? '',
    ...(delimiter === '' ? {} : { delimiter }),
    ...(startAfter === null ? {} : { startAfter }),
  }
  const containerName = JSON.stringify(container)
  await sendList<FileEntry | FolderEntry>(exchange, query, {
    page: (options) => storage.filePage(container, { ...options, ...filter }),
    all: (options) => storage.files(container, { ...options, ...filter }),
    json: (entry) => entryJson(entry, containerName),
  })
}

async function sendList<T>(exchange: Exchange, query: URLSearchParams, list: List<T>): Promise<void> {
  const { req, responseSignal: signal } = exchange
  const limit = parseLimit(query.get('limit'))
  const cursor = query.get('cursor') ?? undefined
  if (limit !== undefined || cursor !== undefined) {
    await sendPage(exchange, query, list, {
      signal,
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor }),
    })
  } else if (req.method === 'HEAD') {
    // The whole list's length is not known before it is made; that there is a list is.
    await list.page({ signal, limit: 1 })
    exchange.res.writeHead(200, jsonHeaders).end()
  } else {
    await sendAll(exchange, list)
  }
}

async function sendPage<T>(
  { res }: Exchange,
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
  // Relative to the request's own URL, so that it is right behind any proxy.
  const next = new URLSearchParams(query)
  next.set('cursor', page.cursor)
  sendJson(res, 200, json, { Link: `<?${next}>; rel="next"` })
}

async function sendAll<T>({ res, responseSignal: signal }: Exchange, list: List<T>): Promise<void> {
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
  throw new StorageError('INVALID_ARGUMENT', 'limit must be a whole number from 1', { details: { property: 'limit' } })
}
