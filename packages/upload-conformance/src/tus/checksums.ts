/** The extensions checksum and checksum-trailer. */
import { createHash } from 'node:crypto'
import { expect, expectHeader, expectRefusal, expectStatus } from '../suite/checks.js'
import { tusCases } from './define.js'

const hello = Buffer.from('hello')
const sha1 = (bytes: Uint8Array) => `sha1 ${createHash('sha1').update(bytes).digest('base64')}`
/** A checksum that the bytes do not have. */
const other = sha1(Buffer.from('jello'))

const checksum = tusCases(
  'checksum',
  ['tus:creation', 'tus:checksum'],
  [
    [
      'algorithms',
      'OPTIONS has Tus-Checksum-Algorithm, with sha1, in lower case',
      'must',
      'Checksum',
      async ({ target: { offer } }) => {
        const algorithms = offer.tus?.checksums ?? []
        expect(algorithms.includes('sha1'), `OPTIONS: Tus-Checksum-Algorithm is "${algorithms.join(',')}"`)
        const upper = algorithms.find((name) => name !== name.toLowerCase())
        expect(upper === undefined, `OPTIONS: "${upper}" of Tus-Checksum-Algorithm has capital letters`)
      },
    ],
    [
      'match',
      'a PATCH with the checksum of its bytes is 204',
      'must',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        await tus.append(url, 0, hello, { 'Upload-Checksum': sha1(hello) })
      },
    ],
    [
      'mismatch',
      'a PATCH with another checksum is refused and stores nothing, and can be sent again',
      'must',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        expectRefusal(await tus.patch(url, 0, hello, { 'Upload-Checksum': other }))
        await tus.expectOffset(url, 0)
        await tus.append(url, 0, hello, { 'Upload-Checksum': sha1(hello) })
      },
    ],
    [
      'mismatch-status',
      'the status for another checksum is 460',
      'should',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        expectStatus(await tus.patch(url, 0, hello, { 'Upload-Checksum': other }), 460)
      },
    ],
    [
      'mismatch-of-the-last-bytes',
      'an upload whose last bytes have another checksum is not complete',
      'must',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(5)
        expectRefusal(await tus.patch(url, 0, hello, { 'Upload-Checksum': other }))
        await tus.expectOffset(url, 0)
      },
    ],
    [
      'unknown-algorithm',
      'a PATCH with an unknown algorithm is refused, and stores nothing',
      'must',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        expectRefusal(await tus.patch(url, 0, hello, { 'Upload-Checksum': 'rot13 aGVsbG8=' }))
        await tus.expectOffset(url, 0)
      },
    ],
    [
      'unknown-algorithm-status',
      'the status for an unknown algorithm is 400',
      'should',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        expectStatus(await tus.patch(url, 0, hello, { 'Upload-Checksum': 'rot13 aGVsbG8=' }), 400)
      },
    ],
    [
      'malformed',
      'a PATCH with a malformed checksum is refused, and stores nothing',
      'practice',
      'Upload-Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        expectRefusal(await tus.patch(url, 0, hello, { 'Upload-Checksum': 'sha1' }))
        await tus.expectOffset(url, 0)
      },
    ],
  ],
)

const trailer = tusCases(
  'checksum-trailer',
  ['tus:creation', 'tus:checksum-trailer'],
  [
    [
      'match',
      'a checksum can be a trailer',
      'must',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        const response = await tus.patch(url, 0, [hello], {}, { 'Upload-Checksum': sha1(hello) })
        expectHeader(expectStatus(response, 204), 'Upload-Offset', '5')
      },
    ],
    [
      'mismatch',
      'another checksum in a trailer is refused, and stores nothing',
      'must',
      'Checksum',
      async (tus) => {
        const { url } = await tus.start(10)
        expectRefusal(await tus.patch(url, 0, [hello], {}, { 'Upload-Checksum': other }))
        await tus.expectOffset(url, 0)
      },
    ],
  ],
)

export const checksums = [...checksum, ...trailer]
