/** Offset retrieval, appending, cancellation, and interruptions. */
import { setTimeout as delay } from 'node:timers/promises'
import { pattern } from '../suite/bytes.js'
import { expect, expectHeader, expectRefusal, expectStatus, expectSuccess, requireHeader } from '../suite/checks.js'
import { ietfCases } from './define.js'
import { creationHeaders, type IetfUploads, partialUpload } from './ietf-uploads.js'

const hello = Buffer.from('hello')
const world = Buffer.from('world')
const unknownUrl = (url: string): string => new URL('no-such-upload-0000000000', url).href

const offset = ietfCases('offset', [
  [
    'head',
    'HEAD has Upload-Offset, Upload-Complete and Upload-Limit',
    'must',
    'Offset Retrieval',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      requireHeader(await ietf.expectState(url, 5), 'Upload-Limit')
    },
  ],
  [
    'no-store',
    'HEAD has Cache-Control: no-store',
    'should',
    'Offset Retrieval',
    async (ietf) => {
      const { url } = await ietf.start()
      const control = requireHeader(await ietf.head(url), 'Cache-Control')
      expect(/\bno-store\b/i.test(control), `HEAD: Cache-Control is "${control}"`)
    },
  ],
  [
    'get',
    'GET of an upload that is a success has what HEAD has',
    'must',
    'Offset Retrieval',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      const response = await ietf.send('GET', url)
      if (response.status >= 300) return
      expectHeader(expectHeader(response, 'Upload-Offset', '5'), 'Upload-Complete', '?0')
      requireHeader(response, 'Upload-Limit')
    },
  ],
  [
    'no-redirect',
    'HEAD is not redirected with 301 or 302',
    'should',
    'Offset Retrieval',
    async (ietf) => {
      const { url } = await ietf.start()
      const { status } = await ietf.head(url)
      expect(status !== 301 && status !== 302, `HEAD: ${status}`)
    },
  ],
  [
    'unknown',
    'HEAD of an unknown upload is refused, without Upload-Offset',
    'practice',
    'Offset Retrieval',
    async (ietf) => {
      const { url } = await ietf.start()
      expectHeader(expectRefusal(await ietf.head(unknownUrl(url))), 'Upload-Offset', undefined)
    },
  ],
  [
    'complete',
    'HEAD of a complete upload has Upload-Complete: ?1, as long as the upload is known',
    'must',
    'Offset Retrieval',
    async (ietf) => {
      const { url } = await ietf.start()
      await ietf.complete(url, 0, hello)
      const response = await ietf.head(url)
      if (response.status >= 400) return
      expectHeader(expectHeader(response, 'Upload-Complete', '?1'), 'Upload-Offset', '5')
    },
  ],
])

const append = ietfCases('append', [
  [
    'append',
    'a PATCH with Upload-Complete: ?0 is a success with Upload-Complete: ?0',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      await ietf.append(url, 5, world)
      await ietf.expectState(url, 10)
    },
  ],
  [
    'chunked',
    'a PATCH takes content without Content-Length',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start()
      await ietf.append(url, 0, [hello, world])
      await ietf.expectState(url, 10)
    },
  ],
  [
    'complete',
    'a PATCH with Upload-Complete: ?1 is a success with Upload-Complete: ?1',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      await ietf.complete(url, 5, world)
    },
  ],
  [
    'complete-without-content',
    'a PATCH without content and with Upload-Complete: ?1 completes the upload',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      await ietf.complete(url, 5)
    },
  ],
  [
    'length-does-not-complete',
    'an upload that has its length is not complete until a request says so',
    'must',
    'Length',
    async (ietf) => {
      const { url } = await ietf.start({ 'Upload-Length': '10' }, hello)
      await ietf.append(url, 5, world)
      await ietf.expectState(url, 10)
      await ietf.complete(url, 10)
    },
  ],
  [
    'offset-ahead',
    'a PATCH at an offset that is too high is 409 with the right one, and appends nothing',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      const response = expectStatus(await ietf.patch(url, 7, false, world), 409)
      expectHeader(expectHeader(response, 'Upload-Offset', '5'), 'Upload-Complete', '?0')
      await ietf.expectState(url, 5)
    },
  ],
  [
    'offset-behind',
    'a PATCH at an offset that is too low is 409 with the right one, and appends nothing',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      const response = expectStatus(await ietf.patch(url, 2, false, world), 409)
      expectHeader(expectHeader(response, 'Upload-Offset', '5'), 'Upload-Complete', '?0')
      await ietf.expectState(url, 5)
    },
  ],
  [
    'offset-problem',
    'the problem type of a wrong offset has both offsets',
    'should',
    'Mismatching Offset',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      const { request, headers, body } = await ietf.patch(url, 7, false, world)
      // A server need not use the problem type.
      if (!headers.get('Content-Type')?.startsWith('application/problem+json')) return
      const problem = JSON.parse(body) as Record<string, unknown>
      const type = 'https://iana.org/assignments/http-problem-types#mismatching-upload-offset'
      expect(problem['type'] === type, `${request}: the problem type is ${problem['type']}`)
      expect(problem['expected-offset'] === 5, `${request}: expected-offset is ${problem['expected-offset']}`)
      expect(problem['provided-offset'] === 7, `${request}: provided-offset is ${problem['provided-offset']}`)
    },
  ],
  [
    'bad-offset',
    'a PATCH whose Upload-Offset is missing or no Integer is refused, and appends nothing',
    'must',
    'Offset',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      for (const value of [undefined, '5.0', '"5"', 'five', '-5']) {
        expectRefusal(await ietf.patch(url, 5, false, world, { 'Upload-Offset': value }))
        await ietf.expectState(url, 5)
      }
    },
  ],
  [
    'type',
    'a PATCH of another Content-Type is refused, and appends nothing',
    'practice',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      expectRefusal(await ietf.patch(url, 5, false, world, { 'Content-Type': 'text/plain' }))
      await ietf.expectState(url, 5)
    },
  ],
  [
    'after-complete',
    'a complete upload takes no more content',
    'must',
    'Completeness',
    async (ietf) => {
      const { url } = await ietf.start()
      await ietf.complete(url, 0, hello)
      expectRefusal(await ietf.patch(url, 5, true, world))
    },
  ],
  [
    'length-recorded',
    'HEAD has the length that a PATCH declared',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start()
      await ietf.append(url, 0, hello, { 'Upload-Length': '10' })
      expectHeader(await ietf.expectState(url, 5), 'Upload-Length', '10')
    },
  ],
  [
    'length-contradicts',
    'a PATCH with another length than was declared is refused',
    'must',
    'Length',
    async (ietf) => {
      const { url } = await ietf.start({ 'Upload-Length': '10' }, hello)
      expectRefusal(await ietf.patch(url, 5, false, Buffer.from('wo'), { 'Upload-Length': '7' }))
    },
  ],
  [
    'beyond-length',
    'content beyond the length is refused, and the upload is invalid afterwards',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start({ 'Upload-Length': '7' }, hello)
      expectRefusal(await ietf.patch(url, 5, false, [world]))
      expectRefusal(await ietf.head(url))
    },
  ],
  [
    'content',
    'a file that was sent in several requests has the bytes that were sent',
    'must',
    'Upload Append',
    async (ietf) => {
      const bytes = pattern(150_001)
      const { url, name } = await ietf.start({}, bytes.subarray(0, 1))
      await ietf.append(url, 1, bytes.subarray(1, 70_000))
      await ietf.complete(url, 70_000, bytes.subarray(70_000))
      await ietf.target.expectContent(url, name, bytes)
    },
    ['content'],
  ],
])

const cancellation = ietfCases('cancellation', [
  [
    'delete',
    'DELETE is a success, and the upload is gone',
    'should',
    'Upload Cancellation',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      expectSuccess(await ietf.send('DELETE', url))
      expectRefusal(await ietf.head(url))
      expectRefusal(await ietf.patch(url, 5, true, world))
    },
  ],
])

const length = 300_000
const sent = 200_000

/** Sends a part of the content of a creation, and closes the connection. */
async function interrupted(ietf: IetfUploads, bytes: Uint8Array) {
  const upload = await ietf.start({ 'Upload-Length': String(bytes.length) })
  const fields = { 'Content-Type': partialUpload, 'Upload-Offset': '0', 'Upload-Complete': '?1' }
  const headers = ietf.headers(fields)
  await ietf.target.client.sendBroken({ method: 'PATCH', url: upload.url, headers, body: bytes }, sent)
  return upload
}

const interruptions = ietfCases('interruptions', [
  [
    'not-complete',
    'after a broken connection, the upload is not complete, and goes on at the offset of HEAD',
    'must',
    'Upload Append',
    async (ietf) => {
      const bytes = pattern(length)
      const { url } = await interrupted(ietf, bytes)
      const stored = await ietf.offset(url)
      expect(stored <= sent, `HEAD: the offset is ${stored}, and ${sent} bytes were sent`)
      expectHeader(await ietf.head(url), 'Upload-Complete', '?0')
      await ietf.finish(url, bytes)
    },
  ],
  [
    'keep',
    'what arrived before the connection broke is kept',
    'should',
    'Upload Append',
    async (ietf) => {
      const { url } = await interrupted(ietf, pattern(length))
      let stored = 0
      for (let attempt = 1; stored === 0 && attempt <= 20; attempt++) {
        stored = await ietf.offset(url)
        if (stored === 0) await delay(250)
      }
      expect(stored > 0, `HEAD: the offset is 0, and ${sent} bytes were sent`)
    },
  ],
  [
    'creation',
    'a creation whose connection breaks goes on at the Location of its 104',
    'should',
    'Upload Creation',
    async (ietf) => {
      const bytes = pattern(length)
      const name = ietf.target.newName()
      const headers = { ...creationHeaders(name), 'Upload-Complete': '?1', 'Content-Length': String(length) }
      const spec = { method: 'POST', url: ietf.target.url, headers: ietf.headers(headers) }
      const location = await ietf.target.client.locationBeforeBreak(spec, bytes.subarray(0, sent))
      expect(location !== undefined, 'POST: no 104 with a Location')
      await ietf.finish(new URL(location ?? '', ietf.target.url).href, bytes)
    },
    ['ietf 104'],
  ],
  [
    'content',
    'a file that was resumed after a broken connection has the bytes that were sent',
    'must',
    'Upload Append',
    async (ietf) => {
      const bytes = pattern(length)
      const { url, name } = await interrupted(ietf, bytes)
      await ietf.finish(url, bytes)
      await ietf.target.expectContent(url, name, bytes)
    },
    ['content'],
  ],
  [
    'offset-usable',
    'the offset of a HEAD that comes while a PATCH is open is accepted by the next PATCH',
    'must',
    'Concurrency',
    async (ietf) => {
      const bytes = pattern(length)
      const { url } = await ietf.start()
      const fields = { 'Content-Type': partialUpload, 'Upload-Offset': '0', 'Upload-Complete': '?1' }
      const headers = ietf.headers({ ...fields, 'Content-Length': String(length) })
      const open = ietf.target.client.open({ method: 'PATCH', url, headers })
      await open.write(bytes.subarray(0, sent))
      await delay(200)
      const first = ietf.offset(url)
      // A server that waits for the other request would wait for ever.
      await Promise.race([first.catch(() => undefined), delay(2000)])
      open.break()
      const stored = await first
      const response = expectSuccess(await ietf.patch(url, stored, true, bytes.subarray(stored)))
      expectHeader(response, 'Upload-Complete', '?1')
    },
  ],
])

export const uploading = [...offset, ...append, ...cancellation, ...interruptions]
