/** The recipes of docs/upload-policy.md: each block is run, and serves files. */
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StorageQuota, StorageService } from '@stowage/core'
import { type ClamdOptions, clamd } from '@stowage/core/clamd'
import { MemoryProvider } from '@stowage/provider-memory'
import { storageRouter } from '@stowage/rest-express'
import { describeServer } from '@stowage/test-servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eicar, png, svgWithScript } from './content.ts'

const page = await readFile(new URL('../../../docs/upload-policy.md', import.meta.url), 'utf8')
const AsyncFunction = (async () => undefined).constructor as new (
  ...texts: string[]
) => (...values: unknown[]) => Promise<RequestListener>

/** Runs a block of a section. Returns a function that sends a file and returns the status. */
async function recipe(section: string, index = 0, socket?: string) {
  const text = page.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? ''
  const block = [...text.matchAll(/```js\n([\s\S]*?)```/g)][index]?.[1] ?? ''
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'photos' })
  const scanner = (options: ClamdOptions) => clamd({ ...options, ...(socket && { socket }) })
  const values = { storage, storageRouter, StorageQuota, clamd: scanner }
  const router = await new AsyncFunction(...Object.keys(values), block)(...Object.values(values))
  const server = createServer(router)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const send = async (name: string, type: string | undefined, content: string | Uint8Array, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/photos/files/${encodeURIComponent(name)}`, {
      method: 'PUT',
      headers: { ...(type && { 'Content-Type': type }), ...headers },
      // fetch would state a type for a text.
      body: new Uint8Array(Buffer.from(content)),
    })
    return response.status
  }
  return { storage, send, url: `http://127.0.0.1:${port}` }
}

describe('docs/upload-policy.md', () => {
  it('avatars', async () => {
    const { send } = await recipe('Avatars')
    expect(await send('me.png', 'image/png', png(100, 100))).toBe(201)
    expect(await send('me.png', 'image/png', png(5000, 100))).toBe(422)
    expect(await send('me.svg', 'image/svg+xml', svgWithScript)).toBe(415)
    expect(await send('me.jpg', 'image/jpeg', 'text')).toBe(422)
  })

  it('documents', async () => {
    const { send } = await recipe('Documents')
    expect(await send('a.pdf', 'application/pdf', '%PDF-1.7\n')).toBe(201)
    expect(await send('a.odt', undefined, 'PK\x03\x04 archive')).toBe(201)
    expect(await send('a/b.txt', undefined, 'text')).toBe(400)
    expect(await send('a.csv', 'application/vnd.ms-excel', 'a;b')).toBe(422)
  })

  it('a public file drop', async () => {
    const { send, storage } = await recipe('A public file drop')
    expect(await send('a.html', 'text/html', '<script>')).toBe(201)
    expect(await storage.getFile('photos', 'a.html')).toMatchObject({ contentType: 'text/plain' })
    expect(await send('a.svg', 'image/svg+xml', '<?xml version="1.0"?><svg/>')).toBe(415)
  })

  it('a quota for each user', async () => {
    const { send, storage, url } = await recipe('A quota for each user')
    expect(await send('a.txt', undefined, 'text', { 'X-User': 'tom' })).toBe(201)
    await using account = await storage.openFile('accounts', 'tom.json')
    expect(JSON.parse(await account.text())).toMatchObject({ used: 4 })
    expect((await fetch(`${url}/accounts/files`)).status).toBe(403)
  })

  it('antivirus without a daemon refuses', async () => {
    const { send } = await recipe('Antivirus', 0, '/no/such/clamd.sock')
    expect(await send('a.txt', undefined, 'text')).toBe(503)
  })

  it('a scanner of your own', async () => {
    const { send } = await recipe('Antivirus', 1)
    expect(await send('a.txt', undefined, 'allowed')).toBe(201)
    expect(await send('a.txt', undefined, 'forbidden')).toBe(422)
  })
})

describeServer('clamd', ({ socket }) => {
  it('antivirus', async () => {
    const { send, storage } = await recipe('Antivirus', 0, socket)
    expect(await send('a.txt', undefined, 'text')).toBe(201)
    expect(await send('b.txt', undefined, eicar)).toBe(422)
    expect(await storage.getFiles('quarantine')).toHaveLength(2)
  })
})
