/** The extension termination. */
import { expectStatus } from '../suite/checks.js'
import { tusCases } from './define.js'

export const termination = tusCases(
  'termination',
  ['tus:creation', 'tus:termination'],
  [
    [
      'unfinished',
      'DELETE of an unfinished upload is 204',
      'must',
      'Termination',
      async (tus) => {
        const { url } = await tus.start(10)
        await tus.append(url, 0, Buffer.from('hello'))
        expectStatus(await tus.send('DELETE', url), 204)
      },
    ],
    [
      'gone',
      'after DELETE, HEAD and PATCH are 404 or 410',
      'should',
      'Termination',
      async (tus) => {
        const { url } = await tus.start(10)
        expectStatus(await tus.send('DELETE', url), 204)
        expectStatus(await tus.head(url), 404, 410)
        expectStatus(await tus.patch(url, 0, Buffer.from('hello')), 404, 410)
      },
    ],
    [
      'complete',
      'DELETE of a complete upload is 204, as long as the upload is known',
      'must',
      'Termination',
      async (tus) => {
        const { url } = await tus.start(5)
        await tus.append(url, 0, Buffer.from('hello'))
        const { status } = await tus.head(url)
        if (status === 404 || status === 410) return
        expectStatus(await tus.send('DELETE', url), 204)
      },
    ],
    [
      'override',
      'POST with X-HTTP-Method-Override: DELETE is a DELETE',
      'must',
      'X-HTTP-Method-Override',
      async (tus) => {
        const { url } = await tus.start(10)
        expectStatus(await tus.send('POST', url, { 'X-HTTP-Method-Override': 'DELETE' }), 204)
        expectStatus(await tus.head(url), 404, 410)
      },
    ],
  ],
)
