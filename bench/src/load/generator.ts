/**
 * The load generator: a process that speaks HTTP/1.1 over plain sockets, one request at a time on
 * each connection. It parses only the necessary parts of a response, so that its own cost is small.
 */
import { connect, type Socket } from 'node:net'
import { content } from '../content.ts'
import { percentile } from '../statistics.ts'
import type { GeneratorMessage, LoadOrder, LoadResult, RequestTemplate } from './order.ts'
import { type ResponseHead, ResponseParser } from './response-parser.ts'

class Load {
  readonly order: LoadOrder
  readonly #latencies: number[] = []
  readonly #deadline: number
  readonly #number: number
  #next: number
  #received = 0
  readonly #finished = Promise.withResolvers<void>()
  #connections: number

  constructor(order: LoadOrder) {
    this.order = order
    const { until } = order
    this.#number = 'requests' in until ? until.requests : Number.POSITIVE_INFINITY
    this.#deadline = 'milliseconds' in until ? performance.now() + until.milliseconds : Number.POSITIVE_INFINITY
    this.#next = 0
    this.#connections = order.connections
  }

  async run(): Promise<LoadResult> {
    const { order } = this
    const started = performance.now()
    const before = process.cpuUsage()
    for (let index = 0; index < order.connections; index++) new Connection(this).open()
    await this.#finished.promise
    const wall = (performance.now() - started) / 1000
    const used = process.cpuUsage(before)
    const sorted = Float64Array.from(this.#latencies).sort()
    return {
      requests: sorted.length,
      wall,
      received: this.#received,
      sent: sorted.length * (order.request.body?.size ?? 0),
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      generatorLoad: (used.user + used.system) / 1e6 / wall,
    }
  }

  /** The number of the next request; `undefined` after the last one. */
  take(): number | undefined {
    if (this.#next >= this.#number || performance.now() >= this.#deadline) return undefined
    return (this.order.firstNumber ?? 0) + this.#next++
  }

  received({ status }: ResponseHead, bytes: number, started: number): void {
    const { expected } = this.order
    if (!expected.status.includes(status) || (expected.bytes !== undefined && expected.bytes !== bytes)) {
      this.fail(new Error(`the response had the status ${status} and ${bytes} bytes`))
      return
    }
    this.#latencies.push(performance.now() - started)
    this.#received += bytes
  }

  closed(): void {
    this.#connections--
    if (this.#connections === 0) this.#finished.resolve()
  }

  fail(error: Error): void {
    this.#finished.reject(error)
  }
}

class Connection {
  readonly #load: Load
  readonly #parser: ResponseParser
  #socket: Socket | undefined
  #started = 0
  #waiting = false

  constructor(load: Load) {
    this.#load = load
    this.#parser = new ResponseParser({ received: (head, bytes) => this.#received(head, bytes) })
  }

  open(): void {
    const socket = connect({
      port: this.#load.order.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(262_144),
        callback: (bytes, buffer) => {
          try {
            this.#parser.feed((buffer as Buffer).subarray(0, bytes))
          } catch (error) {
            this.#load.fail(error as Error)
          }
          return true
        },
      },
    })
    this.#socket = socket
    socket.once('connect', () => this.#request())
    socket.on('error', (error) => this.#load.fail(error))
    socket.on('close', () => {
      if (this.#waiting) this.#load.fail(new Error('the server closed the connection in the middle of a request'))
    })
  }

  #request(): void {
    const number = this.#load.take()
    if (number === undefined) {
      this.#socket?.destroy()
      this.#load.closed()
      return
    }
    this.#started = performance.now()
    this.#waiting = true
    this.#send(number).catch((error: Error) => this.#load.fail(error))
  }

  async #send(number: number): Promise<void> {
    const { request } = this.#load.order
    const socket = this.#socket as Socket
    const { head, prefix, suffix } = written(request, number)
    const size = request.body?.size ?? 0
    if (size <= content.length) {
      const whole = size === 0 && prefix === '' ? head : [Buffer.from(head + prefix), content.subarray(0, size)]
      if (typeof whole === 'string') socket.write(whole)
      else socket.write(Buffer.concat([...whole, Buffer.from(suffix)]))
      return
    }
    socket.write(head + prefix)
    for (let left = size; left > 0 && !socket.destroyed; left -= content.length) {
      if (!socket.write(left < content.length ? content.subarray(0, left) : content)) await drained(socket)
    }
    if (suffix !== '') socket.write(suffix)
  }

  #received(head: ResponseHead, bytes: number): void {
    this.#waiting = false
    this.#load.received(head, bytes, this.#started)
    if (head.closes) {
      this.#socket?.destroy()
      this.open()
    } else {
      this.#request()
    }
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      socket.off('drain', settle)
      socket.off('close', settle)
      resolve()
    }
    socket.on('drain', settle)
    socket.on('close', settle)
  })
}

function written({ method, path, headers = {}, body, range }: RequestTemplate, number: number) {
  const numbered = (text: string) => text.replace('{n}', String(number))
  const prefix = numbered(body?.prefix ?? '')
  const suffix = body?.suffix ?? ''
  let head = `${method} ${numbered(path)} HTTP/1.1\r\nHost: 127.0.0.1\r\n`
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`
  if (body !== undefined) head += `Content-Length: ${prefix.length + body.size + suffix.length}\r\n`
  if (range !== undefined) {
    // Places that lie far from each other, the same in every run.
    const from = (number * 2_654_435_761) % (range.size - range.length)
    head += `Range: bytes=${from}-${from + range.length - 1}\r\n`
  }
  return { head: `${head}\r\n`, prefix, suffix }
}

process.on('disconnect', () => process.exit())
process.on('message', (order: LoadOrder) => {
  const response = (message: GeneratorMessage) => process.send?.(message)
  new Load(order).run().then(
    (result) => response({ result }),
    (error: Error) => response({ failure: error.message }),
  )
})
