/**
 * The limit of the language: Node's HTTP server and file calls in their fastest form, without any
 * check.
 *
 *     node bare-node.ts ROOT
 */
import { close, fstatSync, open, read, readdirSync, renameSync, statSync, write, writev } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const [, , root = ''] = process.argv
/** Bytes of one write to a file: fewer cost more calls. */
const chunkSize = 1_048_576
/**
 * Bytes of one read from a file: more no longer stay in the processor's cache until they are sent.
 */
const readSize = 524_288
const spare: Buffer[] = []

const server = createServer((req, res) => {
  const path = join(root, req.url ?? '')
  if (req.method === 'PUT') receive(req, res, path)
  else if (path.endsWith('/')) list(res, path)
  else send(req, res, path)
})
server.requestTimeout = 0
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())

function send(req: IncomingMessage, res: ServerResponse, path: string): void {
  open(path, 'r', (error, fd) => {
    if (error !== null) {
      res.writeHead(404).end()
      return
    }
    const { size } = fstatSync(fd)
    const range = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '')
    const start = range === null ? 0 : Number(range[1])
    const end = range === null ? size : Number(range[2]) + 1
    const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': end - start }
    if (range === null) res.writeHead(200, headers)
    else res.writeHead(206, { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${size}` })
    if (end - start > 65_536) {
      sendChunks(fd, res, start, end)
      return
    }
    read(fd, Buffer.allocUnsafe(end - start), 0, end - start, start, (_, __, bytes) => {
      res.end(bytes)
      close(fd)
    })
  })
}

/** Reads into a buffer that is used again once the socket has taken it. */
function sendChunks(fd: number, res: ServerResponse, start: number, end: number): void {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(readSize)
  const next = (position: number) => {
    if (position === end || res.destroyed) {
      spare.push(buffer)
      close(fd)
      res.end()
      return
    }
    read(fd, buffer, 0, Math.min(readSize, end - position), position, (_, bytes) => {
      res.write(buffer.subarray(0, bytes), () => next(position + bytes))
    })
  }
  next(start)
}

/** Collects the chunks of the socket and writes them in one call, without copying them. */
function receive(req: IncomingMessage, res: ServerResponse, path: string): void {
  const temporary = `${path}.part`
  open(temporary, 'w', (_, fd) => {
    let gathered: Buffer[] = []
    let length = 0
    let position = 0
    let writing = false
    let ended = false
    const flush = () => {
      if (writing) return
      if (length === 0) {
        if (ended) finish()
        return
      }
      const buffers = gathered
      const size = length
      gathered = []
      length = 0
      writing = true
      const done = () => {
        writing = false
        // Given back now: left to the collector, it costs more than all the rest.
        for (const { byteLength, buffer } of buffers) {
          if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transfer(0)
        }
        req.resume()
        if (ended || length >= chunkSize) flush()
      }
      if (buffers.length === 1) write(fd, buffers[0] as Buffer, 0, size, position, done)
      else writev(fd, buffers, position, done)
      position += size
    }
    const finish = () => {
      close(fd, () => {
        renameSync(temporary, path)
        res.writeHead(201, { 'Content-Length': 0 }).end()
      })
    }
    req.on('data', (chunk: Buffer) => {
      gathered.push(chunk)
      length += chunk.length
      if (length < chunkSize) return
      if (writing && length >= 2 * chunkSize) req.pause()
      else flush()
    })
    req.on('end', () => {
      ended = true
      flush()
    })
  })
}

function list(res: ServerResponse, path: string): void {
  const entries = readdirSync(path)
    .sort()
    .map((name) => {
      const { size, mtime } = statSync(path + name)
      return { name, size, mtime }
    })
  const json = JSON.stringify(entries)
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }).end(json)
}
