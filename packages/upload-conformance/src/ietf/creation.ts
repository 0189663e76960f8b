/** Upload creation, and what a server says of itself. */
import { pattern } from '../suite/bytes.js'
import { expect, expectHeader, expectRefusal, expectStatus, expectSuccess, requireHeader } from '../suite/checks.js'
import { ietfCases } from './define.js'

const hello = Buffer.from('hello')

export const creation = ietfCases('creation', [
  [
    'options',
    'OPTIONS has Upload-Limit, a dictionary with at least one limit',
    'must',
    'Limits',
    async (ietf) => {
      const limit = requireHeader(await ietf.send('OPTIONS', ietf.target.url), 'Upload-Limit')
      const isDictionary = /^[a-z*][a-z0-9_.*-]*=\d+(?:[ \t]*,[ \t]*[a-z*][a-z0-9_.*-]*=\d+)*$/.test(limit)
      expect(isDictionary, `OPTIONS: Upload-Limit is "${limit}"`)
    },
  ],
  [
    'empty',
    'Upload-Complete: ?0 without content is a success with Location and Upload-Limit',
    'must',
    'Upload Creation',
    async (ietf) => {
      const { url, response } = await ietf.start()
      requireHeader(response, 'Upload-Limit')
      await ietf.expectState(url, 0)
    },
  ],
  [
    'status',
    'the status of an upload that has been created is 201',
    'should',
    'Upload Creation',
    async (ietf) => void expectStatus((await ietf.start()).response, 201),
  ],
  [
    'incomplete-in-response',
    'the response to Upload-Complete: ?0 has Upload-Complete: ?0',
    'should',
    'Upload Creation',
    async (ietf) => void expectHeader((await ietf.start()).response, 'Upload-Complete', '?0'),
  ],
  [
    'first-bytes',
    'the content of the first request counts',
    'must',
    'Upload Creation',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      await ietf.expectState(url, 5)
    },
  ],
  [
    'whole',
    'Upload-Complete: ?1 with the whole content is a success with Upload-Complete: ?1',
    'must',
    'Upload Creation',
    async (ietf) => {
      const response = expectSuccess(await ietf.post({ 'Upload-Complete': '?1' }, hello))
      expectHeader(response, 'Upload-Complete', '?1')
    },
  ],
  [
    'whole-chunked',
    'Upload-Complete: ?1 with content of unknown length is a success with Upload-Complete: ?1',
    'must',
    'Upload Creation',
    async (ietf) => {
      const response = expectSuccess(await ietf.post({ 'Upload-Complete': '?1' }, [hello, hello]))
      expectHeader(response, 'Upload-Complete', '?1')
    },
  ],
  [
    'whole-content',
    'a file that was sent in one request has the bytes that were sent',
    'must',
    'Upload Creation',
    async (ietf) => {
      const bytes = pattern(70_001)
      const name = ietf.target.newName()
      const response = expectSuccess(await ietf.post({ 'Upload-Complete': '?1' }, bytes, name))
      await ietf.target.expectContent(new URL(response.headers.get('Location') ?? '', response.url).href, name, bytes)
    },
    ['content'],
  ],
  [
    'bad-complete',
    'Upload-Complete with a value that is no Boolean is ignored',
    'must',
    'Completeness',
    async (ietf) => {
      // Without Upload-Complete, the request does not start a resumable upload.
      for (const value of ['1', '?2', '"?0"']) {
        const response = await ietf.post({ 'Upload-Complete': value }, hello)
        expectHeader(response, 'Upload-Limit', undefined)
      }
    },
  ],
  [
    'length',
    'HEAD has the length of Upload-Length',
    'must',
    'Length',
    async (ietf) => {
      const { url } = await ietf.start({ 'Upload-Length': '10' }, hello)
      expectHeader(await ietf.expectState(url, 5), 'Upload-Length', '10')
    },
  ],
  [
    'length-contradicts',
    'Upload-Length that differs from Content-Length with Upload-Complete: ?1 is refused',
    'must',
    'Length',
    async (ietf) => void expectRefusal(await ietf.post({ 'Upload-Complete': '?1', 'Upload-Length': '6' }, hello)),
  ],
  [
    'max-size',
    'Upload-Length over max-size is refused',
    'practice',
    'Limits',
    async (ietf) => {
      const length = String((ietf.target.offer.ietf?.maxSize ?? 0) + 1)
      expectRefusal(await ietf.post({ 'Upload-Complete': '?0', 'Upload-Length': length }))
    },
    ['ietf max-size'],
  ],
  [
    'max-size-limit',
    'the response for Upload-Length over max-size has Upload-Limit',
    'should',
    'Limits',
    async (ietf) => {
      const length = String((ietf.target.offer.ietf?.maxSize ?? 0) + 1)
      requireHeader(await ietf.post({ 'Upload-Complete': '?0', 'Upload-Length': length }), 'Upload-Limit')
    },
    ['ietf max-size'],
  ],
])

export const interim = ietfCases('interim', [
  [
    'location',
    'a 104 to a creation has the same Location as the response, and Upload-Limit',
    'must',
    'Upload Creation',
    async (ietf) => {
      const { response } = await ietf.start({}, hello)
      const first = response.interim.find(({ status }) => status === 104)
      expect(first !== undefined, 'POST: no 104 before the response')
      const location = first?.headers.get('Location')
      expectHeader(response, 'Location', location)
      expect(first?.headers.get('Upload-Limit') !== undefined, 'POST: the 104 has no Upload-Limit')
    },
    ['ietf 104'],
  ],
  [
    'version',
    'a 104 has Upload-Draft-Interop-Version',
    'must',
    'Draft Version Identification',
    async (ietf) => {
      const { response } = await ietf.start({}, hello)
      const first = response.interim.find(({ status }) => status === 104)
      const version = first?.headers.get('Upload-Draft-Interop-Version')
      expect(version === String(ietf.target.interop), `POST: Upload-Draft-Interop-Version of the 104 is ${version}`)
    },
    ['ietf 104'],
  ],
  [
    'without-version',
    'a request without a version that the server knows gets no 104',
    'must',
    'Draft Version Identification',
    async (ietf) => {
      for (const version of [undefined, '1']) {
        const { response } = await ietf.start({ 'Upload-Draft-Interop-Version': version }, hello)
        expect(
          response.interim.every(({ status }) => status !== 104),
          `POST with the version ${version}: a 104`,
        )
      }
    },
    ['ietf 104'],
  ],
  [
    'no-location-in-progress',
    'a 104 to a PATCH has no Location',
    'must',
    'Upload Append',
    async (ietf) => {
      const { url } = await ietf.start()
      const { interim: responses } = await ietf.append(url, 0, pattern(500_000))
      for (const { status, headers } of responses) {
        expect(status !== 104 || headers.get('Location') === undefined, 'PATCH: a 104 has a Location')
      }
    },
    ['ietf 104'],
  ],
])
