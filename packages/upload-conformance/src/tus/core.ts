/** Core protocol. */
import { pattern } from '../suite/bytes.js'
import { expect, expectHeader, expectRefusal, expectStatus, requireHeader } from '../suite/checks.js'
import { tusCases } from './define.js'
import { offsetType } from './tus-uploads.js'

/** A URL next to that of an upload, which no upload has. */
const unknownUrl = (url: string): string => new URL('no-such-upload-0000000000', url).href

const withoutCreation = tusCases(
  'core',
  [],
  [
    [
      'options',
      'OPTIONS is 200 or 204 and has Tus-Version',
      'must',
      'OPTIONS',
      async ({ target }) => {
        const response = await target.client.send({ method: 'OPTIONS', url: target.url })
        requireHeader(expectStatus(response, 200, 204), 'Tus-Version')
      },
    ],
    [
      'options-version',
      'OPTIONS ignores Tus-Resumable of the request',
      'must',
      'OPTIONS',
      async (tus) => {
        const response = await tus.send('OPTIONS', tus.target.url, { 'Tus-Resumable': '0.2.2' })
        requireHeader(expectStatus(response, 200, 204), 'Tus-Version')
      },
    ],
  ],
)

const withCreation = tusCases(
  'core',
  ['tus:creation'],
  [
    [
      'head',
      'HEAD of a new upload has the offset 0 and the length',
      'must',
      'HEAD',
      async (tus) => {
        const { url } = await tus.start(10)
        expectHeader(await tus.expectOffset(url, 0), 'Upload-Length', '10')
      },
    ],
    [
      'head-no-store',
      'HEAD has Cache-Control: no-store',
      'must',
      'HEAD',
      async (tus) => {
        const { url } = await tus.start(10)
        const response = await tus.head(url)
        const control = requireHeader(response, 'Cache-Control')
        expect(/\bno-store\b/i.test(control), `HEAD: Cache-Control is "${control}"`)
      },
    ],
    [
      'head-complete',
      'HEAD of a complete upload has its offset and length, as long as the upload is known',
      'must',
      'HEAD',
      async (tus) => {
        const { url } = await tus.start(5)
        await tus.append(url, 0, Buffer.from('hello'))
        const response = await tus.head(url)
        if (response.status === 404 || response.status === 410) return
        expectHeader(expectStatus(response, 200, 204), 'Upload-Offset', '5')
        expectHeader(response, 'Upload-Length', '5')
      },
    ],
    [
      'head-unknown',
      'HEAD of an unknown upload is 404, 410 or 403, without Upload-Offset',
      'should',
      'HEAD',
      async (tus) => {
        const { url } = await tus.start(5)
        const response = expectStatus(await tus.head(unknownUrl(url)), 403, 404, 410)
        expectHeader(response, 'Upload-Offset', undefined)
      },
    ],
    [
      'patch',
      'PATCH is 204 with the new offset, which HEAD repeats',
      'must',
      'PATCH',
      async (tus) => {
        const { url } = await tus.start(10)
        await tus.append(url, 0, Buffer.from('hello'))
        await tus.expectOffset(url, 5)
      },
    ],
    [
      'patch-chunked',
      'PATCH takes a body without Content-Length',
      'must',
      'PATCH',
      async (tus) => {
        const { url } = await tus.start(10)
        await tus.append(url, 0, [Buffer.from('hel'), Buffer.from('lo')])
        await tus.expectOffset(url, 5)
      },
    ],
    [
      'patch-many',
      'several PATCHes of 1 to 70,000 bytes make one upload',
      'must',
      'PATCH',
      async (tus) => {
        const bytes = pattern(100_003)
        const { url } = await tus.start(bytes.length)
        let offset = 0
        for (const length of [1, 2, 70_000, 1, 20_000, bytes.length]) {
          const chunk = bytes.subarray(offset, offset + length)
          await tus.append(url, offset, chunk)
          offset += chunk.length
        }
      },
    ],
    [
      'patch-type',
      'PATCH of another Content-Type is 415, and stores nothing',
      'should',
      'PATCH',
      async (tus) => {
        const { url } = await tus.start(10)
        expectStatus(await tus.patch(url, 0, Buffer.from('hello'), { 'Content-Type': 'text/plain' }), 415)
        await tus.expectOffset(url, 0)
      },
    ],
    [
      'patch-offset-ahead',
      'PATCH at an offset that is too high is 409, and stores nothing',
      'must',
      'PATCH',
      async (tus) => {
        const { url } = await tus.start(10)
        expectStatus(await tus.patch(url, 3, Buffer.from('hello')), 409)
        await tus.expectOffset(url, 0)
      },
    ],
    [
      'patch-offset-behind',
      'PATCH at an offset that is too low is 409, and stores nothing',
      'must',
      'PATCH',
      async (tus) => {
        const { url } = await tus.start(10)
        await tus.append(url, 0, Buffer.from('hello'))
        expectStatus(await tus.patch(url, 2, Buffer.from('hello')), 409)
        await tus.expectOffset(url, 5)
      },
    ],
    [
      'patch-no-offset',
      'PATCH without Upload-Offset is refused, and stores nothing',
      'must',
      'PATCH',
      async (tus) => {
        const { url } = await tus.start(10)
        expectRefusal(await tus.patch(url, 0, Buffer.from('hello'), { 'Upload-Offset': undefined }))
        await tus.expectOffset(url, 0)
      },
    ],
    [
      'patch-bad-offset',
      'PATCH with an offset that is no whole number is refused, and stores nothing',
      'must',
      'Upload-Offset',
      async (tus) => {
        const { url } = await tus.start(10)
        for (const offset of ['-1', '0.0', '0x0', 'zero']) {
          expectRefusal(await tus.patch(url, offset, Buffer.from('hello')))
          await tus.expectOffset(url, 0)
        }
      },
    ],
    [
      'patch-unknown',
      'PATCH of an unknown upload is 404',
      'should',
      'PATCH',
      async (tus) => {
        const { url } = await tus.start(5)
        expectStatus(await tus.patch(unknownUrl(url), 0, Buffer.from('hello')), 404)
      },
    ],
    [
      'version-unsupported',
      'a request with an unsupported version is 412 with Tus-Version, and stores nothing',
      'must',
      'Tus-Resumable',
      async (tus) => {
        const { url } = await tus.start(10)
        const response = await tus.patch(url, 0, Buffer.from('hello'), { 'Tus-Resumable': '0.2.2' })
        requireHeader(expectStatus(response, 412), 'Tus-Version')
        await tus.expectOffset(url, 0)
      },
    ],
    [
      'version-in-responses',
      'the responses to POST, HEAD and PATCH have Tus-Resumable',
      'must',
      'Tus-Resumable',
      async (tus) => {
        const { url, response } = await tus.start(10)
        expectHeader(response, 'Tus-Resumable', '1.0.0')
        expectHeader(await tus.head(url), 'Tus-Resumable', '1.0.0')
        expectHeader(await tus.append(url, 0, Buffer.from('hello')), 'Tus-Resumable', '1.0.0')
      },
    ],
    [
      'version-in-errors',
      'responses to failed requests have Tus-Resumable',
      'must',
      'Tus-Resumable',
      async (tus) => {
        const { url } = await tus.start(10)
        expectHeader(await tus.patch(url, 3, Buffer.from('hello')), 'Tus-Resumable', '1.0.0')
        expectHeader(await tus.head(unknownUrl(url)), 'Tus-Resumable', '1.0.0')
      },
    ],
    [
      'method-override',
      'POST with X-HTTP-Method-Override: PATCH is a PATCH',
      'must',
      'X-HTTP-Method-Override',
      async (tus) => {
        const { url } = await tus.start(10)
        const headers = { 'X-HTTP-Method-Override': 'PATCH', 'Content-Type': offsetType, 'Upload-Offset': '0' }
        expectStatus(await tus.send('POST', url, headers, Buffer.from('hello')), 204)
        await tus.expectOffset(url, 5)
      },
    ],
    [
      'content',
      'the complete file has the bytes that were sent, in order',
      'must',
      'PATCH',
      async (tus) => {
        const bytes = pattern(200_001)
        const { url, name } = await tus.start(bytes.length)
        await tus.append(url, 0, bytes.subarray(0, 70_000))
        await tus.append(url, 70_000, bytes.subarray(70_000))
        await tus.target.expectContent(url, name, bytes)
      },
      ['content'],
    ],
  ],
)

export const core = [...withoutCreation, ...withCreation]
