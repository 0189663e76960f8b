/**
 * P. Signed URLs, with real HTTP requests.
 */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { SignUrlOptions } from '../index.js'
import type { SignedUrl } from '../provider.js'
import { all, type ConformanceCategory, needs } from './case.js'
import { bytes } from './content.js'
import type { CaseContext } from './context.js'
import { rejects, sameBytes } from './expectations.js'

const content = bytes(5000)

/** Without signed URLs the operation is refused before any I/O. */
async function refused(context: CaseContext): Promise<void> {
  const faulty = context.faulty()
  const storage = context.over(faulty)
  for (const method of ['GET', 'PUT'] as const) {
    const error = await rejects(storage.signUrl(context.container, 'file', { method, expiresIn: 60 }), 'NOT_SUPPORTED')
    assert.match(String(error.details.capability), /^signedUrls/)
  }
  assert.deepEqual(faulty.calls, [])
}

/** Refused when the one ability that the option needs is missing. */
const refusedOption = (options: Partial<SignUrlOptions>) => async (context: CaseContext) => {
  const faulty = context.faulty()
  const method = options.responseHeaders === undefined ? 'PUT' : 'GET'
  const sign = context.over(faulty).signUrl(context.container, 'file', { method, expiresIn: 60, ...options })
  assert.match(String((await rejects(sign, 'NOT_SUPPORTED')).details.capability), /^signedUrls/)
  assert.deepEqual(faulty.calls, [])
}

const sign = ({ storage, container }: CaseContext, method: 'GET' | 'PUT', options: Partial<SignUrlOptions> = {}) =>
  storage.signUrl(container, 'file', { method, expiresIn: 300, ...options })

/** A request as the URL's holder makes it. */
function request(
  signed: SignedUrl,
  changes: { method?: string; body?: Buffer<ArrayBuffer>; headers?: Record<string, string> } = {},
) {
  const { method = signed.method, body, headers = {} } = changes
  return fetch(signed.url, {
    method,
    headers: { ...signed.headers, ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

const bodyOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

/** That the service said no, whatever its words. */
async function isRefused(answer: Response, why: string): Promise<void> {
  await answer.arrayBuffer()
  assert.ok(answer.status >= 400 && answer.status < 500, `${why} was answered with ${answer.status}`)
}

export const signedUrls: ConformanceCategory = {
  title: 'Signed URLs',
  cases: [
    {
      id: 'P.1',
      name: 'a URL for GET gives the bytes, and their type',
      needs: needs.signedUrls,
      refused,
      async run(context) {
        await context.put('file', content, { contentType: 'image/png' })
        const signed = await sign(context, 'GET')
        assert.equal(signed.method, 'GET')
        const answer = await request(signed)
        assert.equal(answer.status, 200)
        assert.equal(answer.headers.get('content-type'), 'image/png')
        sameBytes(await bodyOf(answer), content)
        const part = await request(signed, { headers: { range: 'bytes=10-19' } })
        assert.equal(part.status, 206)
        sameBytes(await bodyOf(part), content.subarray(10, 20))
      },
    },
    {
      id: 'P.2',
      name: 'without its query the URL is refused',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        const url = new URL((await sign(context, 'GET')).url)
        const bare = await fetch(`${url.origin}${url.pathname}`)
        await isRefused(bare, 'the URL without its query')
        for (const [name, value] of url.searchParams) {
          if (value.length < 20) continue
          const forged = new URL(url)
          forged.searchParams.set(name, value.slice(0, -2) + (value.endsWith('aa') ? 'bb' : 'aa'))
          await isRefused(await fetch(forged), `the URL with another ${name}`)
        }
      },
    },
    {
      id: 'P.3',
      name: 'a URL for PUT stores the bytes',
      needs: needs.signedUrls,
      async run(context) {
        const answer = await request(await sign(context, 'PUT'), { body: content })
        assert.ok(answer.ok, `it was answered with ${answer.status}`)
        await answer.arrayBuffer()
        await context.isWhole('file', content)
      },
    },
    {
      id: 'P.4',
      name: 'a URL for PUT can’t GET',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        await isRefused(await request(await sign(context, 'PUT'), { method: 'GET' }), 'GET')
      },
    },
    {
      id: 'P.5',
      name: 'a URL for GET can neither PUT nor DELETE',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        const signed = await sign(context, 'GET')
        await isRefused(await request(signed, { method: 'PUT', body: bytes(10) }), 'PUT')
        await isRefused(await request(signed, { method: 'DELETE' }), 'DELETE')
        await context.isWhole('file', content)
      },
    },
    {
      id: 'P.6',
      name: 'a signed content type is enforced',
      needs: needs.signedContentType,
      refused: refusedOption({ contentType: 'image/png' }),
      async run(context) {
        const signed = await sign(context, 'PUT', { contentType: 'image/png' })
        const wrong = await request(signed, { body: content, headers: { 'content-type': 'text/html' } })
        await isRefused(wrong, 'another type')
        await context.nothingOf('file')
        const right = await request(signed, { body: content, headers: { 'content-type': 'image/png' } })
        assert.ok(right.ok, `the right type was answered with ${right.status}`)
        await right.arrayBuffer()
        assert.equal((await context.storage.getFile(context.container, 'file')).contentType, 'image/png')
      },
    },
    {
      id: 'P.7',
      name: 'a signed absence of a content type is enforced',
      needs: needs.signedContentType,
      refused: refusedOption({ contentType: null }),
      async run(context) {
        const signed = await sign(context, 'PUT', { contentType: null })
        const typed = await request(signed, { body: content, headers: { 'content-type': 'text/html' } })
        await isRefused(typed, 'a type where there must be none')
        await context.nothingOf('file')
      },
    },
    {
      id: 'P.8',
      name: 'a signed size is enforced',
      needs: needs.signedSize,
      refused: refusedOption({ size: 100 }),
      async run(context) {
        const signed = await sign(context, 'PUT', { size: content.length })
        await isRefused(await request(signed, { body: bytes(content.length + 1) }), 'a body that is too long')
        await isRefused(await request(signed, { body: bytes(content.length - 1) }), 'a body that is too short')
        await context.nothingOf('file')
        const right = await request(signed, { body: content })
        assert.ok(right.ok, `the right size was answered with ${right.status}`)
        await right.arrayBuffer()
        await context.isWhole('file', content)
      },
    },
    {
      id: 'P.9',
      name: 'negative, broken and huge times, and other methods, are refused before any I/O',
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
      name: 'an expired URL is refused',
      needs: needs.signedUrls,
      async run(context) {
        await context.put('file', content)
        const signed = await sign(context, 'GET', { expiresIn: 1 })
        // Time has to pass, on the service's clock, which may count whole seconds.
        await delay(Math.max(0, signed.expires.getTime() - Date.now()) + 1500)
        await isRefused(await request(signed), 'an expired URL')
      },
    },
    {
      id: 'P.11',
      name: 'response headers can be set',
      needs: needs.signedResponseHeaders,
      refused: refusedOption({ responseHeaders: { contentType: 'image/png' } }),
      async run(context) {
        await context.put('file', content, { contentType: 'text/html' })
        const contentDisposition = 'attachment; filename="a b.png"'
        const signed = await sign(context, 'GET', { responseHeaders: { contentType: 'image/png', contentDisposition } })
        const answer = await request(signed)
        assert.equal(answer.status, 200)
        assert.equal(answer.headers.get('content-type'), 'image/png')
        assert.equal(answer.headers.get('content-disposition'), contentDisposition)
        sameBytes(await bodyOf(answer), content)
      },
    },
    {
      id: 'P.12',
      name: 'odd names are signed as they are',
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
          assert.ok(stored.ok, `PUT of ${file} was answered with ${stored.status}`)
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
      name: 'the URL is complete: it has the host and port of the server, and can be used again',
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
        for (const secret of context.secrets) assert.ok(!signed.url.includes(secret), 'the URL shows a secret')
      },
    },
    {
      id: 'P.14',
      name: 'a URL reaches its one file, and no other file or container',
      needs: all(needs.signedUrls, needs.parts),
      async run(context) {
        const { storage, container, newContainer, partSize } = context
        const other = await newContainer()
        await storage.putFile(other, 'file', bytes(777))
        await context.put('file2', bytes(888))
        // A file that went up in parts may lie in pieces elsewhere; the URL gives the whole all the same.
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
          await isRefused(await fetch(elsewhere), `the signature on ${pathname}`)
        }
      },
    },
    {
      id: 'P.15',
      name: 'a URL for PUT brings in no other file',
      needs: needs.sealedUrls,
      async run(context) {
        const other = await context.newContainer()
        await context.storage.putFile(other, 'file', bytes(777))
        const put = await sign(context, 'PUT')
        for (const header of ['X-Object-Manifest', 'X-Copy-From', 'X-Amz-Copy-Source', 'X-Ms-Copy-Source']) {
          const answer = await request(put, { body: Buffer.alloc(0), headers: { [header]: `${other}/file` } })
          await answer.arrayBuffer()
          const received = await bodyOf(await request(await sign(context, 'GET')))
          assert.notDeepEqual(received, bytes(777), `${header} has opened another container`)
        }
      },
    },
    {
      id: 'P.16',
      name: 'HEAD on a URL for GET is refused, or describes that file',
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
