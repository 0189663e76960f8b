/**
 * Parses HTTP/1.1 responses from a socket whose buffer is reused at once. Only heads that arrive in
 * pieces are copied.
 */

export interface ResponseHead {
  readonly status: number
  readonly closes: boolean
}

export interface ResponseReceiver {
  /** A response has ended. `bytes`: of its body. */
  received(head: ResponseHead, bytes: number): void
}

type State = 'head' | 'fixed' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer'

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')
const nothing = Buffer.alloc(0)

export class ResponseParser {
  readonly #receiver: ResponseReceiver
  #state: State = 'head'
  #pending: Buffer = nothing
  #head: ResponseHead = { status: 0, closes: false }
  #left = 0
  #bytes = 0

  constructor(receiver: ResponseReceiver) {
    this.#receiver = receiver
  }

  feed(piece: Buffer): void {
    let data = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece])
    this.#pending = nothing
    while (data.length > 0) {
      const used = this.#take(data)
      if (used === 0) {
        this.#pending = Buffer.from(data)
        return
      }
      data = data.subarray(used)
    }
  }

  /** Bytes used; 0 when more are needed to go on. */
  #take(data: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(data)
      case 'fixed':
      case 'chunk':
        return this.#takeBytes(data)
      default:
        return this.#takeLine(data)
    }
  }

  #takeHead(data: Buffer): number {
    const end = data.indexOf(headEnd)
    if (end === -1) return 0
    const head = data.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    this.#head = { status, closes: /\r\nconnection: close/i.test(head) }
    this.#bytes = 0
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (status === 204 || status === 304 || length === '0') {
      this.#end()
    } else if (length !== undefined) {
      this.#state = 'fixed'
      this.#left = Number(length)
    } else if (/\r\ntransfer-encoding: chunked/i.test(head)) {
      this.#state = 'chunk size'
    } else {
      throw new Error(`a response that tells no length:\n${head}`)
    }
    return end + headEnd.length
  }

  #takeBytes(data: Buffer): number {
    const used = Math.min(data.length, this.#left)
    this.#left -= used
    this.#bytes += used
    if (this.#left === 0) {
      if (this.#state === 'fixed') this.#end()
      else this.#state = 'chunk end'
    }
    return used
  }

  #takeLine(data: Buffer): number {
    const end = data.indexOf(lineEnd)
    if (end === -1) return 0
    if (this.#state === 'chunk size') {
      this.#left = Number.parseInt(data.toString('latin1', 0, end), 16)
      this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    } else if (this.#state === 'chunk end') {
      this.#state = 'chunk size'
    } else if (end === 0) {
      this.#end()
    }
    return end + lineEnd.length
  }

  #end(): void {
    this.#state = 'head'
    this.#receiver.received(this.#head, this.#bytes)
  }
}
