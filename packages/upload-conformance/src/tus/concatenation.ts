/** The extensions concatenation and concatenation-unfinished. */
import { pattern } from '../suite/bytes.js'
import { expectHeader, expectRefusal, expectStatus } from '../suite/checks.js'
import { tusCases } from './define.js'
import { base64, type TusUpload, type TusUploads } from './tus-uploads.js'

const hello = Buffer.from('hello')

async function partial(tus: TusUploads, bytes: Uint8Array): Promise<TusUpload> {
  const upload = await tus.create({ 'Upload-Concat': 'partial', 'Upload-Length': String(bytes.length) })
  await tus.append(upload.url, 0, bytes)
  return upload
}

const path = ({ url }: TusUpload) => new URL(url).pathname

const finished = tusCases(
  'concatenation',
  ['tus:creation', 'tus:concatenation'],
  [
    [
      'partial',
      'HEAD of a partial upload has Upload-Concat: partial, an offset and a length',
      'must',
      'Concatenation',
      async (tus) => {
        const { url } = await partial(tus, hello)
        const response = await tus.expectOffset(url, 5)
        expectHeader(expectHeader(response, 'Upload-Concat', 'partial'), 'Upload-Length', '5')
      },
    ],
    [
      'final',
      'a final upload has the length of its parts as offset and length',
      'must',
      'Concatenation',
      async (tus) => {
        const parts = [await partial(tus, hello), await partial(tus, Buffer.from(' world'))]
        const { url } = await tus.create({ 'Upload-Concat': `final;${parts.map(path).join(' ')}` })
        expectHeader(await tus.expectOffset(url, 11), 'Upload-Length', '11')
      },
    ],
    [
      'final-echo',
      'HEAD of a final upload has Upload-Concat as it was sent',
      'must',
      'Concatenation',
      async (tus) => {
        const concat = `final;${path(await partial(tus, hello))}`
        const { url } = await tus.create({ 'Upload-Concat': concat })
        expectHeader(await tus.head(url), 'Upload-Concat', concat)
      },
    ],
    [
      'absolute-urls',
      'the URLs of the parts may be absolute',
      'must',
      'Concatenation',
      async (tus) => {
        const { url: part } = await partial(tus, hello)
        const { url } = await tus.create({ 'Upload-Concat': `final;${part}` })
        await tus.expectOffset(url, 5)
      },
    ],
    [
      'twice',
      'a partial upload may occur twice in a final upload',
      'must',
      'Concatenation',
      async (tus) => {
        const part = path(await partial(tus, hello))
        const { url } = await tus.create({ 'Upload-Concat': `final;${part} ${part}` })
        await tus.expectOffset(url, 10)
      },
    ],
    [
      'patch-final',
      'PATCH of a final upload is 403',
      'must',
      'Concatenation',
      async (tus) => {
        const { url } = await tus.create({ 'Upload-Concat': `final;${path(await partial(tus, hello))}` })
        expectStatus(await tus.patch(url, 5, Buffer.from('more')), 403)
        await tus.expectOffset(url, 5)
      },
    ],
    [
      'metadata',
      'a final upload has its own metadata, not that of its parts',
      'must',
      'Concatenation',
      async (tus) => {
        const part = await partial(tus, hello)
        const metadata = `filename ${base64(tus.target.newName())},of d2hvbGU=`
        const { url } = await tus.create({ 'Upload-Concat': `final;${path(part)}`, 'Upload-Metadata': metadata })
        expectHeader(await tus.head(url), 'Upload-Metadata', metadata)
      },
    ],
    [
      'unknown-part',
      'a final upload of a part that does not exist is refused',
      'practice',
      'Concatenation',
      async (tus) => {
        const { url } = await partial(tus, hello)
        const unknown = new URL('no-such-upload-0000000000', url).pathname
        expectRefusal(await tus.post({ 'Upload-Concat': `final;${unknown}` }))
      },
    ],
    [
      'content',
      'a final upload has the bytes of its parts in the order of the list',
      'must',
      'Concatenation',
      async (tus) => {
        const bytes = pattern(150_001)
        const second = await partial(tus, bytes.subarray(70_000))
        const first = await partial(tus, bytes.subarray(0, 70_000))
        const { url, name } = await tus.create({ 'Upload-Concat': `final;${path(first)} ${path(second)}` })
        await tus.target.expectContent(url, name, bytes)
      },
      ['content'],
    ],
  ],
)

const unfinished = tusCases(
  'concatenation-unfinished',
  ['tus:concatenation', 'tus:concatenation-unfinished'],
  [
    [
      'final-first',
      'a final upload can be created while a part is in progress, and is complete after it',
      'must',
      'Concatenation',
      async (tus) => {
        const part = await tus.create({ 'Upload-Concat': 'partial', 'Upload-Length': '5' })
        const { url } = await tus.create({ 'Upload-Concat': `final;${path(part)}` })
        await tus.append(part.url, 0, hello)
        await tus.expectOffset(url, 5)
      },
    ],
  ],
)

export const concatenation = [...finished, ...unfinished]
