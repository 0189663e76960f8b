/** Forms under a policy, and the channel of refusals. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { text } from 'node:stream/consumers'
import { type RefusalEvent, refusalChannel, StorageService, type UploadPolicy } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { expect, it, onTestFinished } from 'vitest'
import { eicar } from './content.ts'
import { serve } from './ways.ts'

const policy: UploadPolicy = {
  scan: async (content) =>
    (await text(content)).includes(eicar.toString()) ? { clean: false, reason: 'EICAR' } : { clean: true },
}

async function send(url: string, files: Readonly<Record<string, string | Buffer>>) {
  const body = new FormData()
  for (const [name, content] of Object.entries(files)) {
    body.append('file', new Blob([new Uint8Array(Buffer.from(content))], { type: 'text/plain' }), name)
  }
  return (await fetch(`${url}/upload`, { method: 'POST', body })).status
}

async function start() {
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'photos' })
  const target = await serve(storage, 'photos', policy)
  onTestFinished(() => target[Symbol.asyncDispose]())
  const contents = async () => {
    const files = await storage.getFiles('photos')
    const read = async (name: string) => (await storage.openFile('photos', name)).text()
    return Object.fromEntries(await Promise.all(files.map(async ({ name }) => [name, await read(name)] as const)))
  }
  return { url: target.url, storage, contents }
}

it('a form of which one file is refused replaces nothing', async () => {
  const { url, storage, contents } = await start()
  await storage.putFile('photos', 'a.txt', 'old')
  expect(await send(url, { 'a.txt': 'new', 'b.txt': eicar, 'c.txt': 'other' })).toBe(422)
  expect(await send(url, { 'c.txt': 'other', 'b.txt': eicar, 'a.txt': 'new' })).toBe(422)
  expect(await contents()).toEqual({ 'a.txt': 'old' })
  expect(await send(url, { 'a.txt': 'new', 'c.txt': 'other' })).toBe(200)
  expect(await contents()).toEqual({ 'a.txt': 'new', 'c.txt': 'other' })
})

it('a form of many files, of which the last one is refused, leaves nothing', async () => {
  const { url, contents } = await start()
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}.txt`, 'text']))
  expect(await send(url, { ...files, 'z.txt': eicar })).toBe(422)
  expect(await contents()).toEqual({})
  expect(await send(url, files)).toBe(200)
  expect(Object.keys(await contents())).toHaveLength(20)
})

it('each refusal is published once', async () => {
  const { url, storage } = await start()
  const events: RefusalEvent[] = []
  const listener = (event: unknown) => void events.push(event as RefusalEvent)
  subscribe(refusalChannel, listener)
  onTestFinished(() => void unsubscribe(refusalChannel, listener))
  await send(url, { 'b.txt': eicar })
  await storage.putFile('photos', 'a.png', 'text', { policy: { content: 'agree' } }).catch(() => undefined)
  await fetch(`${url}/files/large.txt`, { method: 'PUT', body: Buffer.alloc(1), headers: { 'Content-Type': 'a/b' } })
  expect(events.map(({ rule, file, error }) => [rule, file.name, error.code])).toEqual([
    ['scan', 'b.txt', 'CONTENT_REFUSED'],
    ['content', 'a.png', 'CONTENT_REFUSED'],
  ])
})
