/**
 * A provider with pkgcloud's interface, passed as code: a small version of the storage component's
 * filesystem client.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StorageService } from '../src/index.js'
import type { PkgcloudClient, PkgcloudModule } from '../src/pkgcloud-client.js'
import { form, startLoopBack3, temporaryDirectory } from './tools/loopback3-app.js'

class Described {
  readonly #metadata: object
  readonly client = 'secret'

  constructor(metadata: object) {
    this.#metadata = metadata
    Object.assign(this, metadata)
  }

  getMetadata(): object {
    return this.#metadata
  }
}

/** Like a model of pkgcloud itself: only `toJSON()` returns its properties. */
class Model {
  readonly wildcard = true
  readonly #properties: object

  constructor(properties: object) {
    this.#properties = properties
  }

  toJSON(): object {
    return this.#properties
  }
}

/** Passes the outcome to the callback of a client's method. */
function callBack<T>(outcome: Promise<T>, callback: (error: unknown, result?: unknown) => void): void {
  outcome.then(
    (result) => callback(null, result),
    (error) => callback(error),
  )
}

class DiskClient implements PkgcloudClient {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  getContainers: PkgcloudClient['getContainers'] = (done) =>
    callBack(
      readdir(this.#root).then((names) => names.map((name) => new Model({ name }))),
      done,
    )

  createContainer: PkgcloudClient['createContainer'] = (options, done) => {
    const { name } = options as { name: string }
    callBack(
      mkdir(join(this.#root, name)).then(() => new Described({ name })),
      done,
    )
  }

  getContainer: PkgcloudClient['getContainer'] = (name, done) =>
    callBack(
      stat(join(this.#root, name)).then(({ mtime }) => new Model({ name, mtime })),
      done,
    )

  destroyContainer: PkgcloudClient['destroyContainer'] = (name, done) =>
    callBack(rm(join(this.#root, name), { recursive: true }), done)

  getFiles: PkgcloudClient['getFiles'] = (container, _options, done) =>
    callBack(
      readdir(join(this.#root, container)).then((names) =>
        Promise.all(names.toReversed().map((name) => this.#describe(container, name))),
      ),
      done,
    )

  getFile: PkgcloudClient['getFile'] = (container, file, done) => callBack(this.#describe(container, file), done)

  removeFile: PkgcloudClient['removeFile'] = (container, file, done) =>
    callBack(rm(join(this.#root, container, file)), done)

  upload: PkgcloudClient['upload'] = ({ container, remote }) => {
    const stream = createWriteStream(join(this.#root, container, remote))
    return stream.on('finish', () => stream.emit('success'))
  }

  download: PkgcloudClient['download'] = ({ container, remote }) =>
    createReadStream(join(this.#root, container, remote))

  async #describe(container: string, name: string): Promise<Described> {
    const { size, mtime } = await stat(join(this.#root, container, name))
    return new Described({ container, name, size, lastModified: mtime, location: `disk:${container}/${name}` })
  }
}

const provider: PkgcloudModule = { createClient: ({ root }) => new DiskClient(String(root)) }

async function open(): Promise<{ service: StorageService; root: string }> {
  const root = await temporaryDirectory()
  const service = new StorageService({ provider, root })
  onTestFinished(() => service.close())
  await service.createContainer({ name: 'album' })
  return { service, root }
}

describe('a provider with pkgcloud’s interface', () => {
  it('supports the routes of the model', async () => {
    const root = await temporaryDirectory()
    const { fetch } = await startLoopBack3({ container: { provider, root, maxFileSize: 100 } })
    await fetch('/containers', { method: 'POST', body: new URLSearchParams({ name: 'album' }) })
    const uploaded = await fetch('/containers/album/upload', form({ name: 'sea.txt', content: 'hello world' }))
    expect(await uploaded.json()).toMatchObject({
      result: {
        files: {
          file: [
            { container: 'album', name: 'sea.txt', size: 11, providerResponse: { location: 'disk:album/sea.txt' } },
          ],
        },
      },
    })
    expect(await (await fetch('/containers/album/files')).json()).toMatchObject([{ name: 'sea.txt', size: 11 }])
    const part = await fetch('/containers/album/download/sea.txt', { headers: { Range: 'bytes=6-8' } })
    expect([part.status, await part.text()]).toEqual([206, 'wor'])
    expect((await fetch('/containers/album/files/sea.txt', { method: 'DELETE' })).status).toBe(200)
    expect((await fetch('/containers/album/files/sea.txt')).status).toBe(404)
    const large = await fetch('/containers/album/upload', form({ name: 'big.txt', content: 'x'.repeat(101) }))
    expect(large.status).toBe(413)
    expect(await (await fetch('/containers/album/files')).json()).toEqual([])
    expect((await fetch('/containers/none/files')).status).toBe(404)
    expect((await fetch('/containers/album', { method: 'DELETE' })).status).toBe(200)
  })

  it('lists files by name, in pages, with prefixes and folders', async () => {
    const { service, root } = await open()
    for (const name of ['b', 'a-1', 'a-2']) await writeFile(join(root, 'album', name), name)
    const names = async (options: object) => (await service.getFiles('album', options)).map(({ name }) => name)
    expect(await names({})).toEqual(['a-1', 'a-2', 'b'])
    expect(await names({ limit: 1, startAfter: 'a-1' })).toEqual(['a-2'])
    expect(await names({ delimiter: '-' })).toEqual(['a-', 'b'])
    const storage = await service.storage
    const page = await storage.filePage('album', { limit: 2 })
    expect((await storage.filePage('album', { limit: 2, cursor: page.cursor ?? '' })).entries).toHaveLength(1)
  })

  it('returns the client’s properties, without the client', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const file = await service.getFile('album', 'sea.txt')
    expect(file).toMatchObject({ location: 'disk:album/sea.txt', contentType: 'text/plain', mtime: expect.any(Date) })
    expect(file).not.toHaveProperty('client')
    expect((await service.getContainers()).map((container) => container.toJSON())).toEqual([{ name: 'album' }])
  })

  it('fails with ENOENT and EEXIST, and does not pass on the client’s messages', async () => {
    const { service, root } = await open()
    await expect(service.getFile('album', 'none')).rejects.toMatchObject({ code: 'ENOENT', statusCode: 404 })
    await expect(service.getFiles('none')).rejects.toMatchObject({ storageCode: 'CONTAINER_NOT_FOUND' })
    await expect(service.createContainer({ name: 'album' })).rejects.toMatchObject({ code: 'EEXIST' })
    await mkdir(join(root, 'album', 'sub'))
    const error = await service.removeFile('album', 'sub').catch((failure: Error) => failure)
    expect(error).toMatchObject({ statusCode: 500, message: 'unexpected error from the pkgcloud client' })
    expect(String(error)).not.toContain(root)
  })

  it('leaves nothing of a new file whose body fails', async () => {
    const { service, root } = await open()
    const torn = Readable.from(
      (function* () {
        yield 'wa'
        throw new Error('torn')
      })(),
    )
    await expect(pipeline(torn, service.uploadStream('album', 'sea.txt'))).rejects.toThrow('torn')
    expect(await readdir(join(root, 'album'))).toEqual([])
  })

  it('copies and moves by streaming', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const storage = await service.storage
    await storage.moveFile({ container: 'album', file: 'sea.txt' }, { container: 'album', file: 'lake.txt' })
    expect(await text(service.downloadStream('album', 'lake.txt'))).toBe('waves')
    expect(await readdir(join(root, 'album'))).toEqual(['lake.txt'])
  })

  it('refuses resumable uploads and signed URLs', async () => {
    const { service } = await open()
    const storage = await service.storage
    await expect(storage.startUpload('album', 'a')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    await expect(storage.signUrl('album', 'a', { method: 'GET', expiresIn: 5 })).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
    })
  })
})
