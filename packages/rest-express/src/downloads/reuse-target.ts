/**
 * Finds the writable for a download whose buffers are reused. A buffer may be filled again once the
 * socket has taken it, if no code between the router and the socket keeps the chunk.
 *
 * Middlewares replace `res.write`. One that stores or logs responses keeps the chunks, so reused
 * buffers pass only through middlewares that are known to keep none. A replaced `write` is a
 * closure that may call others. An empty chunk finds the functions: its call stack at the socket
 * has a frame for each of them.
 */
import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'
import util from 'node:util'
import type { HttpResponse } from '../http/messages.js'

const empty = Buffer.alloc(0)

/** Call frames that Node can return. Nothing is known of a deeper stack. */
const maxFrames = 200

/** The files as Node loaded them, without source maps. */
const siteOptions = { sourceMap: false }

/** Files whose functions pass a chunk on at once and keep none: Node's own and compression. */
const passesChunksOn = /^node:|[\\/]node_modules[\\/]compression[\\/]index\.js$/

/**
 * Whether call stacks have a frame for each function, and `write` calls back when the socket has
 * taken the chunk. Bun leaves out functions that end with a call.
 */
const isNode = process.versions['bun'] === undefined && process.versions['deno'] === undefined

/**
 * Returns a writable for the response's body that calls back when it no longer uses a chunk;
 * `undefined` if there is none. The head must be written, because middlewares decide then whether
 * they change the body.
 */
export function reuseTarget(res: HttpResponse): Writable | undefined {
  if ('stream' in res) return isPlainHttp2(res) ? res : undefined
  if (!(res instanceof ServerResponse) || !(res.socket instanceof Socket)) return undefined
  if (res.write === ServerResponse.prototype.write) return res
  return isPassedOn(res, res.socket) ? new WrappedResponse(res, res.socket) : undefined
}

/** Whether `write` of a response on HTTP/2 is Node's own. */
function isPlainHttp2(res: Pick<ServerResponse, 'write'>): boolean {
  if (!isNode) return false
  // Importing the module takes 10 MB, which an application without HTTP/2 does not need.
  const { Http2ServerResponse } = process.getBuiltinModule('node:http2')
  return (res.write as unknown) === Http2ServerResponse.prototype.write
}

/**
 * Whether all functions between `res.write` and the socket are known, and the chunk reaches the
 * socket within the call.
 */
function isPassedOn(res: ServerResponse, socket: Socket): boolean {
  // Only compression adds `flush`. Without it, an empty chunk would find nothing.
  if (!isNode || typeof (res as { flush?: unknown }).flush !== 'function') return false
  const chunk = Buffer.alloc(0)
  const outer = util.getCallSites(maxFrames, siteOptions).length
  let between: string[] | undefined
  const { write } = socket
  const inherited = !Object.hasOwn(socket, 'write')
  socket.write = (...args: unknown[]) => {
    if (args[0] === chunk) {
      const sites = util.getCallSites(maxFrames, siteOptions)
      // The first frame is this function.
      if (sites.length < maxFrames) between = sites.slice(1, -outer).map(({ scriptName }) => scriptName)
    }
    return Reflect.apply(write, socket, args)
  }
  // The head and the first bytes leave in one packet.
  socket.cork()
  try {
    res.write(chunk)
  } finally {
    if (inherited) Reflect.deleteProperty(socket, 'write')
    else socket.write = write
  }
  const known = between?.every((script) => passesChunksOn.test(script)) ?? false
  if (!known) socket.uncork()
  return known
}

/**
 * A response whose `write` middlewares have replaced. They receive every chunk, but compression
 * drops the callback. An empty chunk therefore follows directly, below the middlewares, with the
 * callback.
 */
class WrappedResponse extends Writable {
  readonly #res: ServerResponse
  #corked: Socket | undefined
  readonly #onClose = () => {
    if (!this.#res.writableFinished) this.destroy(this.#res.errored ?? undefined)
  }

  constructor(res: ServerResponse, corked: Socket) {
    super()
    this.#res = res
    this.#corked = corked
    // The sender may no longer listen when the response fails.
    this.on('error', () => undefined)
    res.on('error', this.#onClose)
    res.on('close', this.#onClose)
    if (res.closed) this.#onClose()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#res.write(chunk)
    Reflect.apply(ServerResponse.prototype.write, this.#res, [empty, callback])
    this.#corked?.uncork()
    this.#corked = undefined
  }

  override _final(callback: () => void): void {
    this.#res.once('finish', callback)
    // Without a function, which middlewares may take for a chunk.
    this.#res.end()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#res.writableFinished) this.#res.destroy(error ?? undefined)
    callback(error)
  }
}
