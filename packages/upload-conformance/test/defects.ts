/** Defects of servers, and the cases that have to notice each. */
import type { IncomingMessage } from 'node:http'
import type { Defect, Fields } from './servers.ts'

type Defects = Readonly<Record<string, Defect & { readonly noticedBy: readonly string[] }>>

const all = () => true
const method =
  (...names: readonly string[]) =>
  (req: IncomingMessage) =>
    names.includes(req.method ?? '')

/** A response without a header. */
const drop = (name: string, when: (req: IncomingMessage, status: number) => boolean = all): Defect => ({
  response: (status, fields, req) => {
    if (when(req, status)) delete fields[name]
  },
})

/** A response with another status. */
const turn = (
  from: readonly number[],
  to: number,
  when: (req: IncomingMessage, fields: Fields) => boolean = all,
): Defect => ({
  response: (status, fields, req) => (from.includes(status) && when(req, fields) ? to : status),
})

/** A response with another value of a header. */
const rewrite = (
  name: string,
  value: (old: string) => string,
  when = all as (req: IncomingMessage) => boolean,
): Defect => ({
  response: (_, fields, req) => {
    const old = fields[name]
    if (old !== undefined && when(req)) fields[name] = value(old)
  },
})

/** A server that takes another value of a request header, or none. */
const take = (name: string, value: string | undefined, when: (req: IncomingMessage) => boolean = all): Defect => ({
  request: (req) => {
    if (!when(req)) return
    if (value === undefined) delete req.headers[name]
    else req.headers[name] = value
  },
})

const isDownload = ({ method: name, url = '' }: IncomingMessage) => name === 'GET' && url.includes('/download/')
const has = (name: string) => (req: IncomingMessage) => req.headers[name] !== undefined
const lacks = (name: string) => (req: IncomingMessage) => req.headers[name] === undefined
const head = method('HEAD')
const notOptions = (req: IncomingMessage) => req.method !== 'OPTIONS'
const plusOne = (old: string) => String(Number(old) + 1)
const digestOfNothing = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'

export const defects: Defects = {
  'contents are changed': {
    request: (req, res) => {
      if (!isDownload(req)) return false
      res.end('other bytes')
      return true
    },
    noticedBy: [
      'tus/core/content',
      'tus/interruptions/content',
      'tus/creation-with-upload/content',
      'tus/concatenation/content',
      'ietf/creation/whole-content',
      'ietf/append/content',
      'ietf/interruptions/content',
    ],
  },
  'OPTIONS is 202': {
    ...turn([204], 202, method('OPTIONS')),
    noticedBy: ['tus/core/options'],
  },
  'no Tus-Version': {
    ...drop('tus-version'),
    noticedBy: ['tus/core/options', 'tus/core/options-version', 'tus/core/version-unsupported'],
  },
  'no Upload-Offset in HEAD': {
    ...drop('upload-offset', head),
    noticedBy: [
      'tus/core/head',
      'tus/core/head-complete',
      'tus/creation/empty-file',
      'tus/concatenation/partial',
      'ietf/offset/head',
      'ietf/creation/empty',
    ],
  },
  'the offset of HEAD is one too high': {
    ...rewrite('upload-offset', plusOne, head),
    noticedBy: [
      'tus/core/patch',
      'tus/core/patch-chunked',
      'tus/core/head-complete',
      'tus/interruptions/resume',
      'tus/interruptions/offset-holds',
      'tus/interruptions/overlap',
      'tus/concatenation/final',
      'tus/concatenation/absolute-urls',
      'tus/concatenation/twice',
      'ietf/creation/first-bytes',
      'ietf/append/append',
      'ietf/append/chunked',
      'ietf/offset/complete',
      'ietf/interruptions/offset-usable',
    ],
  },
  'the offset of HEAD is 0': {
    ...rewrite('upload-offset', () => '0', head),
    noticedBy: ['tus/interruptions/keep', 'ietf/interruptions/keep', 'ietf/interruptions/not-complete'],
  },
  'the offset of PATCH is one too high': {
    ...rewrite('upload-offset', plusOne, method('PATCH')),
    noticedBy: [
      'tus/core/patch-many',
      'tus/checksum/match',
      'tus/checksum-trailer/match',
      'tus/creation-defer-length/length-with-the-last-bytes',
      'tus/creation-defer-length/length-without-bytes',
      'ietf/append/offset-ahead',
      'ietf/append/offset-behind',
    ],
  },
  'no Upload-Length in HEAD': {
    ...drop('upload-length', head),
    noticedBy: [
      'tus/core/head',
      'tus/creation/empty-file',
      'tus/creation-defer-length/head',
      'tus/creation-defer-length/length-changed',
      'tus/concatenation/partial',
      'ietf/creation/length',
      'ietf/append/length-recorded',
    ],
  },
  'no Cache-Control': {
    ...drop('cache-control'),
    noticedBy: ['tus/core/head-no-store', 'ietf/offset/no-store'],
  },
  'an unknown upload is 200': {
    ...turn([404], 200),
    noticedBy: [
      'tus/core/head-unknown',
      'tus/core/patch-unknown',
      'tus/concatenation/unknown-part',
      'ietf/offset/unknown',
    ],
  },
  'every Content-Type is accepted': {
    request: (req) => {
      if (req.method !== 'PATCH') return
      const isTus = req.headers['tus-resumable'] !== undefined
      req.headers['content-type'] = isTus ? 'application/offset+octet-stream' : 'application/partial-upload'
    },
    noticedBy: ['tus/core/patch-type', 'ietf/append/type'],
  },
  'a wrong offset is a success': {
    ...turn([409], 204),
    noticedBy: [
      'tus/core/patch-offset-ahead',
      'tus/core/patch-offset-behind',
      'ietf/append/offset-ahead',
      'ietf/append/offset-behind',
    ],
  },
  'a complete upload takes more': {
    ...turn([400], 204, method('PATCH')),
    noticedBy: ['ietf/append/after-complete'],
  },
  'a missing or malformed offset is the right one': {
    request: (req) => {
      const { 'tus-resumable': tus, 'upload-offset': offset } = req.headers
      if (req.method === 'PATCH' && !/^\d+$/.test(String(offset))) req.headers['upload-offset'] = tus ? '0' : '5'
    },
    noticedBy: ['tus/core/patch-no-offset', 'tus/core/patch-bad-offset', 'ietf/append/bad-offset'],
  },
  'every version is accepted': {
    ...take('tus-resumable', '1.0.0', has('tus-resumable')),
    noticedBy: ['tus/core/version-unsupported'],
  },
  'no Tus-Resumable in responses': {
    ...drop('tus-resumable', notOptions),
    noticedBy: ['tus/core/version-in-responses'],
  },
  'no Tus-Resumable in errors': {
    ...drop('tus-resumable', (_, status) => status >= 400),
    noticedBy: ['tus/core/version-in-errors'],
  },
  'X-HTTP-Method-Override is ignored': {
    ...take('x-http-method-override', undefined),
    noticedBy: ['tus/core/method-override', 'tus/termination/override'],
  },
  'too many bytes are a success': {
    ...turn([413], 204),
    noticedBy: [
      'tus/interruptions/beyond-length',
      'tus/interruptions/beyond-length-chunked',
      'tus/creation/max-size',
      'ietf/creation/max-size',
    ],
  },
  'no Location': {
    ...drop('location'),
    noticedBy: ['tus/creation/create', 'ietf/creation/empty'],
  },
  'an upload is created with 200': {
    ...turn([201], 200),
    noticedBy: ['tus/creation/create', 'ietf/creation/status'],
  },
  'a missing length is 5': {
    ...take(
      'upload-length',
      '5',
      (req) => req.method === 'POST' && lacks('upload-concat')(req) && lacks('upload-defer-length')(req),
    ),
    noticedBy: ['tus/creation/no-length', 'tus/creation/bad-length'],
  },
  'metadata is forgotten': {
    ...drop('upload-metadata', head),
    noticedBy: ['tus/creation/metadata', 'tus/concatenation/metadata'],
  },
  'metadata is not parsed': {
    ...take('upload-metadata', undefined),
    noticedBy: ['tus/creation/bad-metadata'],
  },
  'no offset after a creation with bytes': {
    ...drop('upload-offset', method('POST')),
    noticedBy: ['tus/creation-with-upload/first-bytes', 'tus/creation-with-upload/whole-file'],
  },
  'every value of Upload-Defer-Length is 1': {
    ...take('upload-defer-length', '1', has('upload-defer-length')),
    noticedBy: ['tus/creation-defer-length/bad-value'],
  },
  'no Upload-Defer-Length in HEAD': {
    ...drop('upload-defer-length'),
    noticedBy: ['tus/creation-defer-length/head'],
  },
  'a contradicting length is ignored': {
    ...take(
      'upload-length',
      undefined,
      (req) => req.headers['upload-length'] === '7' || req.headers['upload-length'] === '6',
    ),
    noticedBy: [
      'tus/creation-defer-length/length-changed',
      'ietf/creation/length-contradicts',
      'ietf/append/length-contradicts',
      'ietf/append/beyond-length',
    ],
  },
  'no Upload-Expires': {
    ...drop('upload-expires'),
    noticedBy: ['tus/expiration/header', 'tus/expiration/at-creation'],
  },
  'an expiry of the past': {
    ...rewrite('upload-expires', () => 'Wed, 25 Jun 2014 16:00:00 GMT'),
    noticedBy: ['tus/expiration/header'],
  },
  'no Tus-Checksum-Algorithm': {
    ...drop('tus-checksum-algorithm'),
    noticedBy: ['tus/checksum/algorithms'],
  },
  'checksums are ignored': {
    ...take('upload-checksum', undefined),
    noticedBy: [
      'tus/checksum/mismatch',
      'tus/checksum/mismatch-of-the-last-bytes',
      'tus/checksum/unknown-algorithm',
      'tus/checksum/malformed',
    ],
  },
  'a wrong checksum is 400, and an unknown one 460': {
    response: (status) => (status === 460 ? 400 : status === 400 ? 460 : status),
    noticedBy: ['tus/checksum/mismatch-status', 'tus/checksum/unknown-algorithm-status'],
  },
  'trailers are ignored': {
    ...take('trailer', undefined),
    noticedBy: ['tus/checksum-trailer/mismatch'],
  },
  'DELETE is 200': {
    ...turn([204], 200, (req) => req.method === 'DELETE' || has('x-http-method-override')(req)),
    noticedBy: ['tus/termination/unfinished', 'tus/termination/complete', 'tus/termination/override'],
  },
  'DELETE does nothing': {
    request: (req, res) => {
      if (req.method !== 'DELETE') return false
      res.writeHead(204).end()
      return true
    },
    noticedBy: ['tus/termination/gone', 'ietf/cancellation/delete'],
  },
  'no Upload-Concat in HEAD': {
    ...drop('upload-concat'),
    noticedBy: ['tus/concatenation/partial', 'tus/concatenation/final-echo'],
  },
  'PATCH of a final upload is a success': {
    ...turn([403], 204),
    noticedBy: ['tus/concatenation/patch-final'],
  },
  'a malformed Upload-Limit': {
    ...rewrite('upload-limit', () => 'max-size: 5'),
    noticedBy: ['ietf/creation/options'],
  },
  'Upload-Limit only in OPTIONS': {
    ...drop('upload-limit', notOptions),
    noticedBy: ['ietf/creation/empty', 'ietf/creation/max-size-limit', 'ietf/offset/head', 'ietf/offset/get'],
  },
  'no Upload-Complete in responses': {
    ...drop('upload-complete'),
    noticedBy: [
      'ietf/creation/incomplete-in-response',
      'ietf/creation/whole',
      'ietf/creation/whole-chunked',
      'ietf/append/append',
      'ietf/append/complete',
      'ietf/append/complete-without-content',
      'ietf/digests/content-match',
      'ietf/digests/repr-match',
    ],
  },
  'every upload is complete': {
    ...rewrite('upload-complete', () => '?1'),
    noticedBy: [
      'ietf/append/length-does-not-complete',
      'ietf/interruptions/not-complete',
      'ietf/creation/incomplete-in-response',
    ],
  },
  'no upload is complete': {
    ...rewrite('upload-complete', () => '?0'),
    noticedBy: ['ietf/offset/complete', 'ietf/append/complete'],
  },
  'every Upload-Complete is a Boolean': {
    ...take('upload-complete', '?0', (req) => has('upload-complete')(req) && req.headers['upload-complete'] !== '?1'),
    noticedBy: ['ietf/creation/bad-complete'],
  },
  'another Location in interim responses': {
    interim: (fields) => {
      if (fields['Location'] !== undefined) fields['Location'] = 'uploads/other'
    },
    noticedBy: ['ietf/interim/location', 'ietf/interruptions/creation'],
  },
  'interim responses without a version': {
    interim: (fields) => void delete fields['Upload-Draft-Interop-Version'],
    noticedBy: ['ietf/interim/version'],
  },
  'interim responses to every client': {
    ...take('upload-draft-interop-version', '8', has('upload-complete')),
    noticedBy: ['ietf/interim/without-version'],
  },
  'interim responses to PATCH with a Location': {
    request: (req, res) => {
      if (req.method === 'PATCH') res.writeInformation(104, { Location: 'uploads/other' })
    },
    noticedBy: ['ietf/interim/no-location-in-progress'],
  },
  'GET is 200 without a state': {
    request: (req, res) => {
      if (req.method !== 'GET') return false
      res.end()
      return true
    },
    noticedBy: ['ietf/offset/get'],
  },
  'HEAD is redirected': {
    ...turn([204], 302, head),
    noticedBy: ['ietf/offset/no-redirect'],
  },
  'another expected-offset in the problem': {
    body: (text) => text.replace('"expected-offset":5', '"expected-offset":6'),
    noticedBy: ['ietf/append/offset-problem'],
  },
  'Content-Digest is ignored': {
    ...take('content-digest', undefined),
    noticedBy: ['ietf/digests/content-mismatch'],
  },
  'Repr-Digest is ignored': {
    ...take('repr-digest', undefined),
    noticedBy: ['ietf/digests/repr-mismatch'],
  },
  'every digest is wrong': {
    request: (req) => {
      for (const name of ['content-digest', 'repr-digest']) {
        if (req.headers[name] !== undefined) req.headers[name] = digestOfNothing
      }
    },
    noticedBy: ['ietf/digests/content-match', 'ietf/digests/repr-match'],
  },
  'no Repr-Digest in responses': {
    ...drop('repr-digest'),
    noticedBy: ['ietf/digests/repr-wanted'],
  },
}
