/**
 * Extensions that start uploads: creation, creation-with-upload, creation-defer-length, expiration.
 */
import { pattern } from '../suite/bytes.js'
import { expect, expectHeader, expectRefusal, expectStatus, requireHeader } from '../suite/checks.js'
import { tusCases } from './define.js'
import { base64, offsetType } from './tus-uploads.js'

const creation = tusCases(
  'creation',
  ['tus:creation'],
  [
    [
      'create',
      'POST is 201 with Location, a URL that HEAD finds',
      'must',
      'Creation',
      async (tus) => {
        const { url } = await tus.start(10)
        expectStatus(await tus.head(url), 200, 204)
      },
    ],
    [
      'no-length',
      'POST without Upload-Length and Upload-Defer-Length is refused',
      'practice',
      'Creation',
      async (tus) => void expectRefusal(await tus.post({})),
    ],
    [
      'bad-length',
      'POST with a length that is no whole number is refused',
      'practice',
      'Upload-Length',
      async (tus) => {
        for (const length of ['-1', '1.5', 'ten', '0x10']) expectRefusal(await tus.post({ 'Upload-Length': length }))
      },
    ],
    [
      'empty-file',
      'an upload of length 0 is complete at once',
      'must',
      'Creation',
      async (tus) => {
        const { url } = await tus.start(0)
        const response = await tus.head(url)
        if (response.status === 404 || response.status === 410) return
        expectHeader(expectHeader(response, 'Upload-Offset', '0'), 'Upload-Length', '0')
      },
    ],
    [
      'max-size',
      'POST with a length over Tus-Max-Size is 413',
      'must',
      'Creation',
      async (tus) => {
        const length = (tus.target.offer.tus?.maxSize ?? 0) + 1
        expectStatus(await tus.post({ 'Upload-Length': String(length) }), 413)
      },
      ['tus max-size'],
    ],
    [
      'metadata',
      'HEAD repeats Upload-Metadata as it was sent, also keys without a value',
      'must',
      'Upload-Metadata',
      async (tus) => {
        const metadata = `filename ${base64(tus.target.newName())},note ${base64('größe, "x"')},draft`
        const { url } = await tus.create({ 'Upload-Length': '10', 'Upload-Metadata': metadata })
        expectHeader(await tus.head(url), 'Upload-Metadata', metadata)
      },
    ],
    [
      'bad-metadata',
      'POST with a value in Upload-Metadata that is not Base64, or a key that occurs twice, is refused',
      'practice',
      'Upload-Metadata',
      async (tus) => {
        const name = `filename ${base64(tus.target.newName())}`
        for (const metadata of [`${name},note ***`, `${name},note bm90ZQ==,note bm90ZQ==`]) {
          expectRefusal(await tus.post({ 'Upload-Length': '10', 'Upload-Metadata': metadata }))
        }
      },
    ],
  ],
)

const withUpload = tusCases(
  'creation-with-upload',
  ['tus:creation', 'tus:creation-with-upload'],
  [
    [
      'first-bytes',
      'POST with a body is 201 with the offset after it, and the upload goes on there',
      'must',
      'Creation With Upload',
      async (tus) => {
        const headers = { 'Upload-Length': '10', 'Content-Type': offsetType }
        const { url, response } = await tus.create(headers, Buffer.from('hello'))
        expectHeader(response, 'Upload-Offset', '5')
        await tus.expectOffset(url, 5)
        await tus.append(url, 5, Buffer.from('world'))
      },
    ],
    [
      'whole-file',
      'POST with the whole file completes the upload',
      'must',
      'Creation With Upload',
      async (tus) => {
        const headers = { 'Upload-Length': '5', 'Content-Type': offsetType }
        const { response } = await tus.create(headers, Buffer.from('hello'))
        expectHeader(response, 'Upload-Offset', '5')
      },
    ],
    [
      'content',
      'a file that was sent with its creation has the bytes that were sent',
      'must',
      'Creation With Upload',
      async (tus) => {
        const bytes = pattern(70_001)
        const headers = { 'Upload-Length': String(bytes.length), 'Content-Type': offsetType }
        const { url, name } = await tus.create(headers, bytes.subarray(0, 65_537))
        await tus.finish(url, bytes)
        await tus.target.expectContent(url, name, bytes)
      },
      ['content'],
    ],
  ],
)

const deferLength = tusCases(
  'creation-defer-length',
  ['tus:creation', 'tus:creation-defer-length'],
  [
    [
      'head',
      'HEAD has Upload-Defer-Length: 1 and no length, until the length is known',
      'must',
      'Creation',
      async (tus) => {
        const { url } = await tus.create({ 'Upload-Defer-Length': '1' })
        const before = expectHeader(await tus.head(url), 'Upload-Defer-Length', '1')
        expectHeader(before, 'Upload-Length', undefined)
        await tus.append(url, 0, Buffer.from('hello'), { 'Upload-Length': '10' })
        const after = expectHeader(await tus.head(url), 'Upload-Length', '10')
        expectHeader(after, 'Upload-Defer-Length', undefined)
      },
    ],
    [
      'bad-value',
      'POST with another value of Upload-Defer-Length than 1 is 400',
      'should',
      'Creation',
      async (tus) => void expectStatus(await tus.post({ 'Upload-Defer-Length': '2' }), 400),
    ],
    [
      'length-with-the-last-bytes',
      'an upload is complete when the length comes with its last bytes',
      'must',
      'Creation',
      async (tus) => {
        const { url } = await tus.create({ 'Upload-Defer-Length': '1' })
        await tus.append(url, 0, Buffer.from('hello'))
        await tus.append(url, 5, Buffer.from('world'), { 'Upload-Length': '10' })
      },
    ],
    [
      'length-without-bytes',
      'a PATCH without bytes can declare the length',
      'practice',
      'Creation',
      async (tus) => {
        const { url } = await tus.create({ 'Upload-Defer-Length': '1' })
        await tus.append(url, 0, Buffer.from('hello'))
        await tus.append(url, 5, Buffer.alloc(0), { 'Upload-Length': '5' })
      },
    ],
    [
      'length-changed',
      'a length that was set cannot be changed',
      'must',
      'Creation',
      async (tus) => {
        const { url } = await tus.create({ 'Upload-Defer-Length': '1' })
        await tus.append(url, 0, Buffer.from('hello'), { 'Upload-Length': '10' })
        expectRefusal(await tus.patch(url, 5, Buffer.from('wo'), { 'Upload-Length': '7' }))
        expectHeader(await tus.head(url), 'Upload-Length', '10')
      },
    ],
  ],
)

const isHttpDate = (value: string) => new Date(value).toUTCString() === value

const expiration = tusCases(
  'expiration',
  ['tus:creation', 'tus:expiration'],
  [
    [
      'header',
      'the response to a PATCH has Upload-Expires, an HTTP date in the future',
      'must',
      'Expiration',
      async (tus) => {
        const { url } = await tus.start(10)
        const value = requireHeader(await tus.append(url, 0, Buffer.from('hello')), 'Upload-Expires')
        expect(isHttpDate(value), `PATCH: Upload-Expires is "${value}"`)
        expect(Date.parse(value) > Date.now(), `PATCH: Upload-Expires is in the past: "${value}"`)
      },
    ],
    [
      'at-creation',
      'the response to the creation has Upload-Expires',
      'must',
      'Expiration',
      async (tus) => {
        const { response } = await tus.start(10)
        const value = requireHeader(response, 'Upload-Expires')
        expect(isHttpDate(value), `POST: Upload-Expires is "${value}"`)
      },
    ],
  ],
)

export const starting = [...creation, ...withUpload, ...deferLength, ...expiration]
