/**
 * A process that makes one request with Node's own fetch, which is undici.
 */
import { openAsBlob } from 'node:fs'
import type { GeneratorMessage, LoadOrder, LoadResult } from './order.ts'

async function fetchOnce({ port, request, expected, contentFile = '' }: LoadOrder): Promise<LoadResult> {
  const { method, path, headers = {}, body } = request
  const init: RequestInit = { method }
  // Without it, `compression` compresses the files of express.static, but not those of the router.
  const identity = { 'Accept-Encoding': 'identity' }
  if (body === undefined) {
    init.headers = identity
  } else {
    const file = await openAsBlob(contentFile, { type: 'application/octet-stream' })
    if (body.fileName === undefined) {
      init.body = file
      init.headers = headers
    } else {
      const form = new FormData()
      form.append('file', file, body.fileName)
      init.body = form
    }
  }
  const started = performance.now()
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
  let bytes = 0
  for await (const chunk of response.body ?? []) bytes += chunk.length
  if (!expected.status.includes(response.status) || (expected.bytes !== undefined && expected.bytes !== bytes)) {
    throw new Error(`the response had the status ${response.status} and ${bytes} bytes`)
  }
  const milliseconds = performance.now() - started
  const sent = body?.size ?? 0
  return { requests: 1, wall: milliseconds / 1000, received: bytes, sent, p50: milliseconds, p99: milliseconds }
}

process.on('disconnect', () => process.exit())
process.on('message', (order: LoadOrder) => {
  const respond = (message: GeneratorMessage) => process.send?.(message)
  fetchOnce(order).then(
    (result) => respond({ result }),
    (error: Error) => respond({ failure: error.message }),
  )
})
