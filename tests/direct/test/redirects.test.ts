/** Downloads by redirect to a signed URL, followed by a plain client. */
import { StorageService } from '@stowage/core'
import { storageRouter } from '@stowage/rest-express'
import { expect, it } from 'vitest'
import { startServer } from './server.js'
import { describePlaces } from './storages.js'

const page = '<script>alert(1)</script>'

describePlaces(({ name, open }) => {
  if (name === 'filesystem') {
    it('a storage without signed URLs cannot be redirected to', async () => {
      const { storage } = await open()
      expect(storage).toBeInstanceOf(StorageService)
      expect(() => storageRouter(storage, { redirect: true })).toThrow(/signed URLs/)
    })
    return
  }

  it('the service sends the file, as an attachment, and after all checks', async () => {
    const { storage, container } = await open()
    let isAllowed = true
    const server = await startServer(storage, container, {
      redirect: ({ size }) => size > 10,
      authorize: () => isAllowed,
    })
    await storage.putFile(container, 'a b.html', page, { contentType: 'text/html' })
    await storage.putFile(container, 'small', 'x')
    const url = `${server.url}/download/a%20b.html`
    const redirect = await fetch(url, { redirect: 'manual' })
    expect(redirect.status).toBe(302)
    expect(redirect.headers.get('cache-control')).toMatch(/no-store/)
    const followed = await fetch(url)
    expect(new URL(followed.url).origin).not.toBe(server.origin)
    expect(await followed.text()).toBe(page)
    expect(followed.headers.get('content-disposition')).toMatch(/^attachment/)
    const range = await fetch(url, { headers: { Range: 'bytes=1-6' } })
    expect([range.status, await range.text()]).toEqual([206, 'script'])
    const { etag } = await storage.getFile(container, 'a b.html')
    expect((await fetch(url, { redirect: 'manual', headers: { 'If-None-Match': etag } })).status).toBe(304)
    expect((await fetch(url, { redirect: 'manual', headers: { 'If-Match': '"other"' } })).status).toBe(412)
    expect((await fetch(url, { redirect: 'manual', method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${server.url}/download/small`, { redirect: 'manual' })).status).toBe(200)
    expect((await fetch(`${server.url}/download/missing`, { redirect: 'manual' })).status).toBe(404)
    isAllowed = false
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(403)
  })
})
