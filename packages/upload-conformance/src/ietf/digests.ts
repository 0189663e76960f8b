/** Content-Digest and Repr-Digest (RFC 9530). */
import { createHash } from 'node:crypto'
import { expect, expectRefusal, expectSuccess } from '../suite/checks.js'
import { ietfCases } from './define.js'

const hello = Buffer.from('hello')
const world = Buffer.from('world')
const digest = (bytes: Uint8Array) => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

export const digests = ietfCases('digests', [
  [
    'content-match',
    'a request with the Content-Digest of its content is a success',
    'must',
    'Content Digests',
    async (ietf) => {
      const { url } = await ietf.start({ 'Content-Digest': digest(hello) }, hello)
      await ietf.append(url, 5, world, { 'Content-Digest': digest(world) })
    },
  ],
  [
    'content-mismatch',
    'content with another Content-Digest is not appended',
    'should',
    'Content Digests',
    async (ietf) => {
      const { url } = await ietf.start({}, hello)
      expectRefusal(await ietf.patch(url, 5, false, world, { 'Content-Digest': digest(hello) }))
      await ietf.expectState(url, 5)
    },
  ],
  [
    'repr-match',
    'an upload with the Repr-Digest of its bytes is a success, also in several requests',
    'must',
    'Representation Digests',
    async (ietf) => {
      const { url } = await ietf.start({ 'Repr-Digest': digest(Buffer.from('helloworld')) }, hello)
      await ietf.complete(url, 5, world)
    },
  ],
  [
    'repr-mismatch',
    'an upload with another Repr-Digest fails',
    'should',
    'Representation Digests',
    async (ietf) => {
      const { url } = await ietf.start({ 'Repr-Digest': digest(Buffer.from('hello')) }, hello)
      expectRefusal(await ietf.patch(url, 5, true, world))
    },
  ],
  [
    'repr-wanted',
    'the last response has the Repr-Digest that the creation wanted',
    'should',
    'Representation Digests',
    async (ietf) => {
      const headers = { 'Upload-Complete': '?1', 'Want-Repr-Digest': 'sha-256=10' }
      const { headers: fields } = expectSuccess(await ietf.post(headers, hello))
      const actual = fields.get('Repr-Digest')
      expect(actual?.includes(digest(hello)) ?? false, `POST: Repr-Digest is ${actual}`)
    },
  ],
])
