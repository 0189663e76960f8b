import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Callback, type ConnectorError, StorageService } from '../src/index.js'
import { temporaryDirectory } from './tools/loopback3-app.js'

/** Creates a service without a data source, over a directory with the empty container `album`. */
async function open(settings: object = {}): Promise<{ service: StorageService; root: string }> {
  const root = await temporaryDirectory()
  const service = new StorageService({ provider: 'filesystem', root, ...settings })
  onTestFinished(() => service.close())
  await service.createContainer({ name: 'album' })
  return { service, root }
}

/** Returns the arguments with which a method calls its callback. */
const called = <T>(start: (callback: Callback<T>) => void): Promise<{ error: Error | null; result: T | undefined }> =>
  new Promise((resolve) => start((error, result) => resolve({ error, result })))

const failure = (outcome: Promise<unknown>): Promise<ConnectorError> =>
  outcome.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: ConnectorError) => error,
  )

describe('every method', () => {
  it('calls a callback, and then returns nothing', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const created = await called<{ name: string }>((done) =>
      expect(service.createContainer({ name: 'photos' }, done)).toBeUndefined(),
    )
    expect(created).toMatchObject({ error: null, result: { name: 'photos' } })
    const names = await called<readonly { name: string }[]>((done) => service.getContainers(done))
    expect(names.result?.map(({ name }) => name)).toEqual(['album', 'photos'])
    expect(await called((done) => service.getContainer('photos', done))).toMatchObject({ result: { name: 'photos' } })
    expect(await called((done) => service.getFiles('album', done))).toMatchObject({ result: [{ name: 'sea.txt' }] })
    expect(await called((done) => service.getFiles('album', {}, done))).toMatchObject({ result: [{ size: 5 }] })
    expect(await called((done) => service.getFiles('album', false, done))).toMatchObject({ result: [{ size: 5 }] })
    expect(await called((done) => service.getFile('album', 'sea.txt', done))).toMatchObject({ result: { size: 5 } })
    expect(await called((done) => service.removeFile('album', 'sea.txt', done))).toEqual({ error: null })
    expect(await called((done) => service.destroyContainer('album', done))).toEqual({ error: null })
    expect(await called((done) => service.getContainer('album', done))).toMatchObject({ error: { code: 'ENOENT' } })
  })

  it('returns a promise without a callback', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    expect((await service.getContainers()).map(({ name }) => name)).toEqual(['album'])
    expect(await service.getContainer('album')).toMatchObject({ name: 'album' })
    expect(await service.getFiles('album')).toMatchObject([{ name: 'sea.txt' }])
    expect(await service.getFiles('album', { prefix: 'x' })).toEqual([])
    expect(await service.getFile('album', 'sea.txt')).toMatchObject({ size: 5 })
    await service.removeFile('album', 'sea.txt')
    await service.destroyContainer('album')
    expect(await service.getContainers()).toEqual([])
  })

  it('accepts a container or file that another method returned instead of a name', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const container = await service.getContainer('album')
    const [file] = await service.getFiles(container)
    if (file === undefined) throw new Error('the list is empty')
    expect(await text(service.downloadStream(container, file))).toBe('waves')
    await service.removeFile(container, file)
    expect(await service.getFiles(container)).toEqual([])
  })
})

describe('containers and files', () => {
  it('have their properties as fields, as metadata and as JSON', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const container = await service.getContainer('album')
    expect(Object.keys(container.getMetadata())).toEqual(['name', 'size', 'atime', 'mtime', 'ctime'])
    expect(container.getMetadata()).toMatchObject({ name: 'album', mtime: expect.any(Date) })
    const file = await service.getFile('album', 'sea.txt')
    const metadata = { container: 'album', name: 'sea.txt', size: 5, mtime: expect.any(Date), ctime: expect.any(Date) }
    expect(file).toMatchObject(metadata)
    expect(file.getMetadata()).toMatchObject(metadata)
    expect(JSON.parse(JSON.stringify(file))).toEqual(JSON.parse(JSON.stringify(file.getMetadata())))
    expect(file.getMetadata()).not.toHaveProperty('uid')
  })

  it('have an ETag without quotes, and the description by core as raw metadata', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const file = await service.getFile('album', 'sea.txt')
    expect(file.etag).toMatch(/^[^"]+$/)
    expect(file.getRawMetadata()).toMatchObject({ etag: `"${file.etag}"` })
  })

  it('that do not exist fail with ENOENT and 404', async () => {
    const { service } = await open()
    for (const find of [
      () => service.getContainer('none'),
      () => service.destroyContainer('none'),
      () => service.getFiles('none'),
      () => service.getFile('album', 'none'),
      () => service.removeFile('album', 'none'),
    ]) {
      expect(await failure(find())).toMatchObject({ name: 'Error', code: 'ENOENT', status: 404, statusCode: 404 })
    }
    expect(await failure(service.getFile('album', 'none'))).toMatchObject({ storageCode: 'FILE_NOT_FOUND' })
  })

  it('that exist cannot be created again: EEXIST', async () => {
    const { service } = await open()
    expect(await failure(service.createContainer({ name: 'album' }))).toMatchObject({ code: 'EEXIST', status: 409 })
  })
})

describe('an upload stream', () => {
  it('emits success without an argument on the filesystem, and finish, when the file is stored', async () => {
    const { service, root } = await open()
    const stream = service.uploadStream('album', 'sea.txt')
    const events: string[] = []
    for (const event of ['success', 'finish', 'close', 'error']) stream.on(event, () => events.push(event))
    const [success] = await Promise.all([once(stream, 'success'), once(stream, 'close'), stream.end('waves')])
    expect(events).toEqual(['success', 'finish', 'close'])
    expect(success).toEqual([])
    expect(await readFile(join(root, 'album', 'sea.txt'), 'utf8')).toBe('waves')
  })

  it('emits success with the file on other providers', async () => {
    const service = new StorageService({ provider: 'memory' })
    onTestFinished(() => service.close())
    await service.createContainer({ name: 'album' })
    const stream = service.uploadStream('album', 'sea.txt')
    const [[file]] = await Promise.all([once(stream, 'success'), stream.end('waves')])
    expect(file.getMetadata()).toMatchObject({ container: 'album', name: 'sea.txt', size: 5 })
  })

  it('can be written to before the storage is open', async () => {
    const root = await temporaryDirectory()
    const service = new StorageService({ provider: 'filesystem', root })
    onTestFinished(() => service.close())
    await service.createContainer({ name: 'album' })
    await service.close()
    await pipeline(Readable.from(['wa', 'ves']), service.uploadStream('album', 'sea.txt'))
    expect(await readFile(join(root, 'album', 'sea.txt'), 'utf8')).toBe('waves')
  })

  it('emits error if the container does not exist', async () => {
    const { service } = await open()
    const stream = service.uploadStream('none', 'sea.txt')
    stream.end('waves')
    const [error] = await once(stream, 'error')
    expect(error).toMatchObject({ code: 'ENOENT', statusCode: 404 })
  })

  it('keeps the existing file if its source fails', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'calm')
    const source = Readable.from(
      (function* () {
        yield 'wa'
        throw new Error('torn')
      })(),
    )
    await expect(pipeline(source, service.uploadStream('album', 'sea.txt'))).rejects.toThrow('torn')
    expect(await readFile(join(root, 'album', 'sea.txt'), 'utf8')).toBe('calm')
  })

  it('accepts the old options, and ignores those that the storage does not support', async () => {
    const { service } = await open()
    const stream = service.uploadStream('album', 'page', {
      contentType: 'text/html',
      acl: 'public-read',
      StorageClass: 'GLACIER',
      flags: 'w+',
    })
    stream.end('<b>')
    await once(stream, 'success')
    expect(await service.getFile('album', 'page')).toMatchObject({ contentType: 'text/html' })
  })
})

describe('a download stream', () => {
  it('returns the file, or the bytes from start to end', async () => {
    const { service, root } = await open()
    await writeFile(join(root, 'album', 'sea.txt'), 'hello world')
    expect(await text(service.downloadStream('album', 'sea.txt'))).toBe('hello world')
    expect(await text(service.downloadStream('album', 'sea.txt', { start: 0, end: 4 }))).toBe('hello')
    expect(await text(service.downloadStream('album', 'sea.txt', { start: 6 }))).toBe('world')
  })

  it('emits error if the file does not exist', async () => {
    const { service } = await open()
    const [error] = await once(service.downloadStream('album', 'none').resume(), 'error')
    expect(error).toMatchObject({ code: 'ENOENT', statusCode: 404 })
  })
})

describe('a callback that throws', () => {
  it('causes an uncaught exception, and is not called again', async () => {
    const { service } = await open()
    const thrown = new Error('the callback failed')
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    let calls = 0
    const uncaught = once(process, 'uncaughtException')
    service.getContainers(() => {
      calls++
      throw thrown
    })
    expect(await uncaught).toEqual([thrown, 'uncaughtException'])
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(calls).toBe(1)
  })
})
