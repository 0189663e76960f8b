/** Connections that break, and requests that overlap: what resumable uploads are for. */
import { setTimeout as delay } from 'node:timers/promises'
import { pattern } from '../suite/bytes.js'
import { expect, expectRefusal, expectStatus } from '../suite/checks.js'
import { tusCases } from './define.js'
import { offsetType, type TusUploads } from './tus-uploads.js'

const length = 300_000
const sent = 200_000

/** Sends a part of a body, and closes the connection. */
async function interrupt(tus: TusUploads, bytes: Uint8Array) {
  const upload = await tus.start(bytes.length)
  const headers = { 'Tus-Resumable': '1.0.0', 'Content-Type': offsetType, 'Upload-Offset': '0' }
  await tus.target.client.sendBroken({ method: 'PATCH', url: upload.url, headers, body: bytes }, sent)
  return upload
}

/** Waits until an offset is above 0, for the time that a server may need to notice the end. */
async function offsetAboveZero(tus: TusUploads, url: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const offset = await tus.offset(url)
    if (offset > 0 || attempt === 20) return offset
    await delay(250)
  }
}

export const interruptions = tusCases(
  'interruptions',
  ['tus:creation'],
  [
    [
      'resume',
      'after a broken connection, the upload goes on at the offset of HEAD',
      'must',
      'HEAD',
      async (tus) => {
        const bytes = pattern(length)
        const { url } = await interrupt(tus, bytes)
        const offset = await tus.offset(url)
        expect(offset <= sent, `HEAD: the offset is ${offset}, and ${sent} bytes were sent`)
        await tus.finish(url, bytes)
      },
    ],
    [
      'keep',
      'what arrived before the connection broke is kept',
      'should',
      'PATCH',
      async (tus) => {
        const { url } = await interrupt(tus, pattern(length))
        const offset = await offsetAboveZero(tus, url)
        expect(offset > 0, `HEAD: the offset is 0, and ${sent} bytes were sent`)
      },
    ],
    [
      'content',
      'a file that was resumed after a broken connection has the bytes that were sent',
      'must',
      'PATCH',
      async (tus) => {
        const bytes = pattern(length)
        const { url, name } = await interrupt(tus, bytes)
        await tus.finish(url, bytes)
        await tus.target.expectContent(url, name, bytes)
      },
      ['content'],
    ],
    [
      'offset-holds',
      'an offset that HEAD reported while a PATCH was open does not fall',
      'must',
      'HEAD',
      async (tus) => {
        const bytes = pattern(length)
        const { url } = await tus.start(bytes.length)
        const headers = { 'Tus-Resumable': '1.0.0', 'Content-Type': offsetType, 'Upload-Offset': '0' }
        const framing = { 'Content-Length': String(bytes.length) }
        const open = tus.target.client.open({ method: 'PATCH', url, headers: { ...headers, ...framing } })
        await open.write(bytes.subarray(0, sent))
        await delay(200)
        const response = await tus.head(url)
        open.break()
        // 423: the server lets the other request go on.
        const reported =
          response.status === 423 ? 0 : Number(expectStatus(response, 200, 204).headers.get('upload-offset'))
        const offset = await tus.offset(url)
        expect(offset >= reported, `HEAD: the offset is ${offset} after ${reported}`)
        await tus.finish(url, bytes)
      },
    ],
    [
      'overlap',
      'of two PATCHes at the same offset, both cannot add their bytes',
      'practice',
      'PATCH',
      async (tus) => {
        const bytes = pattern(1000)
        const { url } = await tus.start(bytes.length)
        await Promise.allSettled([tus.patch(url, 0, bytes.subarray(0, 400)), tus.patch(url, 0, bytes.subarray(0, 400))])
        const offset = await tus.offset(url)
        expect(offset === 400, `HEAD: the offset is ${offset}, not 400`)
        await tus.finish(url, bytes)
      },
    ],
    [
      'beyond-length',
      'the offset does not exceed the length',
      'practice',
      'Upload-Length',
      async (tus) => {
        const { url } = await tus.start(5)
        expectRefusal(await tus.patch(url, 0, Buffer.from('too long')))
        const response = await tus.head(url)
        // A server may give such an upload up.
        if (response.status === 404 || response.status === 410) return
        const offset = Number(response.headers.get('Upload-Offset'))
        expect(offset <= 5, `HEAD: the offset is ${offset}, and the length is 5`)
      },
    ],
    [
      'beyond-length-chunked',
      'the offset does not exceed the length, also if the body has no Content-Length',
      'practice',
      'Upload-Length',
      async (tus) => {
        const { url } = await tus.start(5)
        expectRefusal(await tus.patch(url, 0, [Buffer.from('too '), Buffer.from('long')]))
        const response = await tus.head(url)
        if (response.status === 404 || response.status === 410) return
        const offset = Number(response.headers.get('Upload-Offset'))
        expect(offset <= 5, `HEAD: the offset is ${offset}, and the length is 5`)
      },
    ],
  ],
)
