/**
 * `@stowage/core/clamd`: a scanner for upload policies that asks ClamAV's daemon, `clamd`, over its
 * socket.
 *
 * The daemon's own limits matter: what is larger than `MaxScanSize` or `MaxFileSize` it reports as
 * clean, unless its configuration has `AlertExceedsMax yes`; and it closes the connection at
 * `StreamMaxLength`. See `docs/upload-policy.md`.
 */
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { invalid, shown } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { StorageError } from '../contract/errors.js'
import type { Scanner } from './policy.js'

/** Where the daemon listens: a socket's path, or a host and a port. */
export interface ClamdOptions {
  /** The path of its socket, such as `/var/run/clamav/clamd.ctl`. */
  readonly socket?: string
  /** Default: `127.0.0.1`. */
  readonly host?: string
  /** Default: 3310. */
  readonly port?: number
  /**
   * Bytes: a larger file is refused with `TOO_LARGE`, because the daemon would not scan all of it.
   * At most the least of its `StreamMaxLength`, `MaxScanSize` and `MaxFileSize`. Default:
   * 26,214,400, which is the default `StreamMaxLength` of old versions of the daemon.
   */
  readonly maxBytes?: number
  /** Milliseconds without progress after which a scan fails. Default: 60,000. */
  readonly timeout?: number
}

const optionNames = {
  socket: true,
  host: true,
  port: true,
  maxBytes: true,
  timeout: true,
} as const satisfies NamesOf<ClamdOptions>

/** Bytes of one piece of the stream. */
const pieceSize = 64 * 1024
/** Bytes: no response of the daemon is longer. */
const maxResponse = 4096

/**
 * Returns a scanner that sends each file to a `clamd`. A file that the daemon cannot scan is
 * refused.
 *
 * @throws `INVALID_ARGUMENT`.
 *
 * @example
 * const policy = { scan: clamd({ socket: '/var/run/clamav/clamd.ctl', maxBytes: 100_000_000 }) }
 */
export function clamd(options: ClamdOptions = {}): Scanner {
  checkOptions('clamd', options, optionNames)
  const { socket, host = '127.0.0.1', port = 3310, maxBytes = 26_214_400, timeout = 60_000 } = options
  if (socket !== undefined && (options.host !== undefined || options.port !== undefined)) {
    throw invalid('socket', 'socket cannot be combined with host or port')
  }
  for (const [name, value] of Object.entries({ port, maxBytes, timeout })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw invalid(name, `${name} must be a whole number from 1, not ${shown(value)}`)
    }
  }
  const where = socket === undefined ? { host, port } : { path: socket }
  return async (content, file, { signal }) => {
    if (file.size !== undefined && file.size > maxBytes) throw tooLarge(maxBytes)
    const connection = createConnection({ ...where, signal })
    connection.setTimeout(timeout, () => connection.destroy(new Error('no progress')))
    try {
      return verdictOf(await scan(connection, content, maxBytes))
    } finally {
      connection.destroy()
    }
  }
}

const tooLarge = (size: number) =>
  new StorageError('TOO_LARGE', `files of more than ${size} bytes cannot be scanned`, { details: { size } })

/** Sends the content as INSTREAM: pieces with their length before them, and a length of zero. */
async function scan(connection: Socket, content: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const response = readResponse(connection)
  // The daemon may respond, or close the connection, before it has everything.
  response.catch(() => undefined)
  let ended = false
  response.then(
    () => {
      ended = true
    },
    () => {
      ended = true
    },
  )
  await once(connection, 'connect')
  connection.write('zINSTREAM\0')
  let sent = 0
  for await (const chunk of content) {
    sent += chunk.length
    if (sent > maxBytes) throw tooLarge(maxBytes)
    if (ended) break
    for (let start = 0; start < chunk.length; start += pieceSize) {
      await write(connection, chunk.subarray(start, start + pieceSize), response)
    }
  }
  if (!ended) connection.write(Buffer.alloc(4))
  return response
}

/** Resolves when the socket has room again, or the daemon has ended the scan. */
async function write(connection: Socket, piece: Buffer, response: Promise<string>): Promise<void> {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(piece.length)
  connection.write(length)
  if (connection.write(piece)) return
  const { promise, resolve } = Promise.withResolvers<void>()
  connection.once('drain', resolve)
  try {
    await Promise.race([promise, response.then(() => undefined)])
  } finally {
    connection.off('drain', resolve)
  }
}

async function readResponse(connection: Socket): Promise<string> {
  let text = ''
  for await (const chunk of connection) {
    text += chunk
    const end = text.indexOf('\0')
    if (end !== -1) return text.slice(0, end)
    if (text.length > maxResponse) break
  }
  throw new Error('clamd closed the connection without a verdict')
}

/** `stream: OK`, or `stream: NAME FOUND`; anything else is no verdict. */
function verdictOf(response: string): { readonly clean: true } | { readonly clean: false; readonly reason: string } {
  if (response === 'stream: OK') return { clean: true }
  const [, name] = /^stream: (.+) FOUND$/.exec(response) ?? []
  if (name !== undefined) return { clean: false, reason: name }
  throw new Error(`clamd responded ${JSON.stringify(response.slice(0, 200))}`)
}
