/**
 * P. Signed URLs, with real HTTP requests.
 */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { SignUrlOptions } from '../../../index.js'
import { defined } from '../../../kit/defined.js'
import type { SignedUrl } from '../../../provider.js'
import { all, type ConformanceCategory, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { rejects, sameBytes } from '../../tools/expectations.js'

const content = bytes(5000)

/** Without signed URLs, the operation is rejected before any I/O. */
async function rejection(context: CaseContext): Promise<void> {
  const faulty = context.faulty()
  const storage = context.over(faulty)
  for (const method of ['GET', 'PUT'] as const) {
    const error = await rejects(storage.signUrl(context.container, 'file', { method, expiresIn: 60 }), 'NOT_SUPPORTED')
    assert.match(String(error.details.capability), /^signedUrls/)
  }
  assert.deepEqual(faulty.calls, [])
}

/** The option is rejected if its capability is missing. */
const rejectedOption = (options: Partial<SignUrlOptions>) => async (context: CaseContext) => {
  const faulty = context.faulty()
  const method = options.responseHeaders === undefined ? 'PUT' : 'GET'
  const sign = context.over(faulty).signUrl(context.container, 'file', { method, expiresIn: 60, ...options })
  assert.match(String((await rejects(sign, 'NOT_SUPPORTED')).details.capability), /^signedUrls/)
  assert.deepEqual(faulty.calls, [])
}

const sign = ({ storage, container }: CaseContext, method: 'GET' | 'PUT', options: Partial<SignUrlOptions> = {}) =>
  storage.signUrl(container, 'file', { method, expiresIn: 300, ...options })

/** Sends a request with the URL. */
function request(
  signed: SignedUrl,
  changes: { method?: string; body?: Buffer<ArrayBuffer>; headers?: Record<string, string> } = {},
) {
  const { method = signed.method, body, headers = {} } = changes
  return fetch(signed.url, {
    method,
    headers: { ...signed.headers, ...headers },
    ...defined({ body }),
  })
}

const bodyOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

/** Asserts that the service rejected the request, with any 4xx status. */
async function isRejected(response: Response, why: string): Promise<void> {
  await response.arrayBuffer()
  assert.ok(response.status >= 400 && response.status < 500, `${why}: status ${response.status} instead of 4xx`)
}

export const signedUrls: ConformanceCategory = {
  title: 'Signed URLs',
  cases: [
    {
      id: 'P.1',
      name: 'a URL for GET returns the bytes and their type',
      needs: needs.signedUrls,
      rejection,
      async run(context) {
        await context.put('file', content, { contentType: 'image/png' })
        const signed = await sign(context, 'GET')
        assert.equal(signed.method, 'GET')
        const response = await request(signed)
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('content-type'), 'image/png')
        sameBytes(await bodyOf(response), content)
        const part = await request(signed, { headers: { range: 'bytes=10-19' } })
        assert.equal(part.status, 206)
        sameBytes(await bodyOf(part), content.subarray(10, 20))
      },
    },
    {
      id: 'P.2',
      name: 'the URL is rejected without its query',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        const url = new URL((await sign(context, 'GET')).url)
        const bare = await fetch(`${url.origin}${url.pathname}`)
        await isRejected(bare, 'the URL without its query')
        for (const [name, value] of url.searchParams) {
          if (value.length < 20) continue
          const forged = new URL(url)
          forged.searchParams.set(name, value.slice(0, -2) + (value.endsWith('aa') ? 'bb' : 'aa'))
          await isRejected(await fetch(forged), `the URL with another ${name}`)
        }
      },
    },
    {
      id: 'P.3',
      name: 'a URL for PUT stores the bytes',
      needs: needs.signedUrls,
      async run(context) {
        const response = await request(await sign(context, 'PUT'), { body: content })
        assert.ok(response.ok, `status ${response.status}`)
        await response.arrayBuffer()
        await context.isWhole('file', content)
      },
    },
    {
      id: 'P.4',
      name: 'a URL for PUT cannot GET',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        await isRejected(await request(await sign(context, 'PUT'), { method: 'GET' }), 'GET')
      },
    },
    {
      id: 'P.5',
      name: 'a URL for GET can neither PUT nor DELETE',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        const signed = await sign(context, 'GET')
        await isRejected(await request(signed, { method: 'PUT', body: bytes(10) }), 'PUT')
        await isRejected(await request(signed, { method: 'DELETE' }), 'DELETE')
        await context.isWhole('file', content)
      },
    },
    {
      id: 'P.6',
      name: 'a signed content type is enforced',
      needs: needs.signedContentType,
      rejection: rejectedOption({ contentType: 'image/png' }),
      async run(context) {
        const signed = await sign(context, 'PUT', { contentType: 'image/png' })
        const wrong = await request(signed, { body: content, headers: { 'content-type': 'text/html' } })
        await isRejected(wrong, 'another type')
        await context.nothingOf('file')
        const right = await request(signed, { body: content, headers: { 'content-type': 'image/png' } })
        assert.ok(right.ok, `the correct type: status ${right.status}`)
        await right.arrayBuffer()
        assert.equal((await context.storage.getFile(context.container, 'file')).contentType, 'image/png')
      },
    },
    {
      id: 'P.7',
      name: 'a signed absence of a content type is enforced',
      needs: needs.signedContentType,
      rejection: rejectedOption({ contentType: null }),
      async run(context) {
        const signed = await sign(context, 'PUT', { contentType: null })
        const typed = await request(signed, { body: content, headers: { 'content-type': 'text/html' } })
        await isRejected(typed, 'a content type in a request that must have none')
        await context.nothingOf('file')
      },
    },
    {
      id: 'P.8',
      name: 'a signed size is enforced',
      needs: needs.signedSize,
      rejection: rejectedOption({ size: 100 }),
      async run(context) {
        const signed = await sign(context, 'PUT', { size: content.length })
        await isRejected(await request(signed, { body: bytes(content.length + 1) }), 'a body that is too long')
        await isRejected(await request(signed, { body: bytes(content.length - 1) }), 'a body that is too short')
        await context.nothingOf('file')
        const right = await request(signed, { body: content })
        assert.ok(right.ok, `the correct size: status ${right.status}`)
        await right.arrayBuffer()
        await context.isWhole('file', content)
      },
    },
    {
      id: 'P.9',
      name: 'invalid times and methods are rejected before any I/O',
      needs: needs.signedUrls,
      async run(context) {
        const { signedUrls } = context.capabilities
        if (signedUrls === false) return
        const faulty = context.faulty()
        const storage = context.over(faulty)
        for (const expiresIn of [0, -1, 1.5, Number.NaN, signedUrls.maxExpiresIn + 1, '60' as unknown as number]) {
          const operation = storage.signUrl(context.container, 'file', { method: 'GET', expiresIn })
          await rejects(operation, 'INVALID_ARGUMENT')
        }
        for (const method of ['DELETE', 'get', undefined] as unknown as 'GET'[]) {
          await rejects(storage.signUrl(context.container, 'file', { method, expiresIn: 60 }), 'INVALID_ARGUMENT')
        }
        assert.deepEqual(faulty.calls, [])
        const longest = await sign(context, 'GET', { expiresIn: signedUrls.maxExpiresIn })
        const left = (longest.expires.getTime() - Date.now()) / 1000
        assert.ok(Math.abs(left - signedUrls.maxExpiresIn) < 120, `it expires in ${left} seconds`)
      },
    },
    {
      id: 'P.10',
      name: 'an expired URL is rejected',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        const signed = await sign(context, 'GET', { expiresIn: 1 })
        // The URL expires on the service's clock, which may count whole seconds.
        await delay(Math.max(0, signed.expires.getTime() - Date.now()) + 1500)
        await isRejected(await request(signed), 'an expired URL')
      },
    },
    {
      id: 'P.11',
      name: 'response headers can be set',
      needs: needs.signedResponseHeaders,
      rejection: rejectedOption({ responseHeaders: { contentType: 'image/png' } }),
      async run(context) {
        await context.put('file', content, { contentType: 'text/html' })
        const contentDisposition = 'attachment; filename="a b.png"'
        const signed = await sign(context, 'GET', { responseHeaders: { contentType: 'image/png', contentDisposition } })
        const response = await request(signed)
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('content-type'), 'image/png')
        assert.equal(response.headers.get('content-disposition'), contentDisposition)
        sameBytes(await bodyOf(response), content)
      },
    },
    {
      id: 'P.12',
      name: 'names with special characters',
      needs: needs.signedUrls,
      async run(context) {
        const { storage, container } = context
        for (const file of [
          'a b+c&d=e?f#g',
          'a/../b',
          'ä/😀',
          '100%',
          "it's (a) [b]!*",
          'a//b',
          './c',
          'a:b@c;d,e$f',
        ]) {
          const put = await storage.signUrl(container, file, { method: 'PUT', expiresIn: 60 })
          const stored = await request(put, { body: content })
          assert.ok(stored.ok, `PUT of ${file}: status ${stored.status}`)
          await stored.arrayBuffer()
          await context.isWhole(file, content)
          const get = await storage.signUrl(container, file, { method: 'GET', expiresIn: 60 })
          sameBytes(await bodyOf(await request(get)), content, file)
          await storage.removeFile(container, file)
          assert.deepEqual(await context.names(), [])
        }
      },
    },
    {
      id: 'P.13',
      name: 'the URL has the host and port of the server, and can be used repeatedly',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        const signed = await sign(context, 'GET')
        const url = new URL(signed.url)
        assert.match(url.protocol, /^https?:$/)
        assert.ok(url.hostname !== '' && url.username === '' && url.password === '')
        for (let times = 0; times < 3; times++) sameBytes(await bodyOf(await request(signed)), content)
        const head = await request(signed, { headers: { 'if-none-match': '"other"' } })
        assert.equal(head.status, 200)
        sameBytes(await bodyOf(head), content)
        for (const secret of context.secrets) assert.ok(!signed.url.includes(secret), 'the URL contains a secret')
      },
    },
    {
      id: 'P.14',
      name: 'a URL gives access to one file only',
      needs: all(needs.signedUrls, needs.parts),
      async run(context) {
        const { storage, container, newContainer, partSize } = context
        const other = await newContainer()
        await storage.putFile(other, 'file', bytes(777))
        await context.put('file2', bytes(888))
        // The service may store the parts of a file elsewhere; the URL returns the complete file.
        const large = bytes(2 * partSize + 1)
        await context.over(context.inParts(), { partSize }).putFile(container, 'file', large)
        const signed = await sign(context, 'GET')
        sameBytes(await bodyOf(await request(signed)), large)
        const url = new URL(signed.url)
        for (const pathname of [
          url.pathname.replace(encodeURIComponent(container), encodeURIComponent(other)),
          `${url.pathname}2`,
          `${url.pathname}/../file2`,
        ]) {
          if (pathname === url.pathname) continue
          const elsewhere = new URL(url)
          elsewhere.pathname = pathname
          await isRejected(await fetch(elsewhere), `the signature on ${pathname}`)
        }
      },
    },
    {
      id: 'P.15',
      name: 'a URL for PUT cannot copy another file',
      needs: needs.sealedUrls,
      async run(context) {
        const other = await context.newContainer()
        await context.storage.putFile(other, 'file', bytes(777))
        const put = await sign(context, 'PUT')
        for (const header of ['X-Object-Manifest', 'X-Copy-From', 'X-Amz-Copy-Source', 'X-Ms-Copy-Source']) {
          const response = await request(put, { body: Buffer.alloc(0), headers: { [header]: `${other}/file` } })
          await response.arrayBuffer()
          const received = await bodyOf(await request(await sign(context, 'GET')))
          assert.notDeepEqual(received, bytes(777), `${header} copied a file of another container`)
        }
      },
    },
    {
      id: 'P.16',
      name: 'HEAD on a URL for GET is rejected, or describes the file',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content, { contentType: 'image/png' })
        const response = await request(await sign(context, 'GET'), { method: 'HEAD' })
        assert.equal((await bodyOf(response)).length, 0)
        if (response.status === 403) return
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('content-length'), String(content.length))
        assert.equal(response.headers.get('content-type'), 'image/png')
      },
    },
  ],
}
